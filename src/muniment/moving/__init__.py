"""Moving in from another server: its configuration as settings of ours, and what could not come along."""

from muniment.moving.remarks import Outcome, Remark, Remarks
from muniment.moving.run_config import RunConfig, read_run_config
from muniment.moving.translation import Translation, translate
from muniment.moving.written import settings_text

__all__ = [
    "Outcome",
    "Remark",
    "Remarks",
    "RunConfig",
    "Translation",
    "read_run_config",
    "settings_text",
    "translate",
]
