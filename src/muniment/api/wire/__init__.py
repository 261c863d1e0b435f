"""The native dialect's shapes, and the way from and to the domain's own values.

Server, command line (``--json``) and remote client all use these and nothing else.
"""

from muniment.api.wire.base import ErrorBody, ErrorDetail
from muniment.api.wire.documents import (
    DocumentList,
    DocumentWire,
    ParsedDocumentWire,
    UploadFailure,
    UploadResult,
)
from muniment.api.wire.evidence import (
    AnswerWire,
    CitationWire,
    ClaimWire,
    DeltaWire,
    PassageWire,
    RetrievedWire,
    SearchResultWire,
)
from muniment.api.wire.requests import (
    AnswerRequest,
    FilterWire,
    GenerationRequest,
    RunRequest,
    SearchRequest,
    filter_to_domain,
    filter_to_wire,
)
from muniment.api.wire.status import (
    CheckWire,
    CollectionList,
    CollectionWire,
    DifferenceWire,
    DocumentFinishedWire,
    GenerationList,
    GenerationWire,
    Health,
    ReadinessWire,
    RunList,
    RunProgressWire,
    RunWire,
)

__all__ = [
    "AnswerRequest",
    "AnswerWire",
    "CheckWire",
    "CitationWire",
    "ClaimWire",
    "CollectionList",
    "CollectionWire",
    "DeltaWire",
    "DifferenceWire",
    "DocumentFinishedWire",
    "DocumentList",
    "DocumentWire",
    "ErrorBody",
    "ErrorDetail",
    "FilterWire",
    "GenerationList",
    "GenerationRequest",
    "GenerationWire",
    "Health",
    "ParsedDocumentWire",
    "PassageWire",
    "ReadinessWire",
    "RetrievedWire",
    "RunList",
    "RunProgressWire",
    "RunRequest",
    "RunWire",
    "SearchRequest",
    "SearchResultWire",
    "UploadFailure",
    "UploadResult",
    "filter_to_domain",
    "filter_to_wire",
]
