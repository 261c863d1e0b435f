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
from muniment.api.wire.plan import (
    ApplyRequest,
    ChangeList,
    ChangeWire,
    PlanList,
    PlanRequest,
    PlanWire,
    RunDocumentList,
    RunDocumentWire,
    ShardList,
    ShardWire,
)
from muniment.api.wire.requests import (
    AnswerRequest,
    FilterWire,
    RunRequest,
    SearchRequest,
    filter_to_domain,
    filter_to_wire,
)
from muniment.api.wire.status import (
    CheckWire,
    CollectionList,
    CollectionWire,
    DocumentFinishedWire,
    Health,
    ReadinessWire,
    RunList,
    RunProgressWire,
    RunWire,
)

__all__ = [
    "AnswerRequest",
    "AnswerWire",
    "ApplyRequest",
    "ChangeList",
    "ChangeWire",
    "CheckWire",
    "CitationWire",
    "ClaimWire",
    "CollectionList",
    "CollectionWire",
    "DeltaWire",
    "DocumentFinishedWire",
    "DocumentList",
    "DocumentWire",
    "ErrorBody",
    "ErrorDetail",
    "FilterWire",
    "Health",
    "ParsedDocumentWire",
    "PassageWire",
    "PlanList",
    "PlanRequest",
    "PlanWire",
    "ReadinessWire",
    "RetrievedWire",
    "RunDocumentList",
    "RunDocumentWire",
    "RunList",
    "RunProgressWire",
    "RunRequest",
    "RunWire",
    "SearchRequest",
    "SearchResultWire",
    "ShardList",
    "ShardWire",
    "UploadFailure",
    "UploadResult",
    "filter_to_domain",
    "filter_to_wire",
]
