"""Source and file store: a bucket of S3, MinIO, SeaweedFS or another server that speaks S3's protocol."""
