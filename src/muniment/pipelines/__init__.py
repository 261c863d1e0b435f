"""Ingestion on a cluster: the ordinary commands as steps of a Kubeflow or a Tekton pipeline."""

from muniment.pipelines.definition import IngestionPipeline, SecretKey, secret_keys

__all__ = ["IngestionPipeline", "SecretKey", "secret_keys"]
