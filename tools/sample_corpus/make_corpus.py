"""Build every document of the sample corpus: python make_corpus.py OUT_DIR."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import markup
from office import docx_bytes, pptx_bytes, xlsx_bytes
from pdf_pages import pdf_bytes
from scan import scan_bytes

CONTENT = Path(__file__).parent / "content"

PDFS = {
    "employee_handbook_2025.pdf": "employee_handbook",
    "travel_expense_policy.pdf": "travel",
    "information_security_policy.pdf": "infosec",
    "pc400_manual.pdf": "manual",
    "annual_report_2024_extract.pdf": "annual_report",
    "incident_review_2025-014.pdf": "incident",
    "supply_agreement_nordvang.pdf": "contract",
    "remote_work_policy_2023.pdf": "remote_2023",
    "remote_work_policy_2025.pdf": "remote_2025",
}
SCANS = {
    "scanned_letter_ostermoor.pdf": ("letter", 11, ()),
    "scanned_delivery_note_60417.pdf": ("delivery_note", 12, (2,)),
}
DOCX = {
    "benefits_guide_2025.docx": "benefits_guide",
    "onboarding_checklist.docx": "onboarding_checklist",
    "minutes_pc600_steering.docx": "meeting_minutes",
}
PAGES = ("kb_vpn_access", "kb_vibration_diagnosis", "kb_sluice_alarms")


def html_page(name: str) -> str:
    """Put a knowledge base article into the site's template."""
    head, body = (CONTENT / f"{name}.html").read_text(encoding="utf-8").split("\n\n", 1)
    values = dict(line.split(": ", 1) for line in head.splitlines())
    template = (CONTENT / "kb_template.html").read_text(encoding="utf-8")
    return template.format(body=body.strip(), **values)


def build(out: Path) -> None:
    """Write all documents to a directory."""
    out.mkdir(parents=True, exist_ok=True)
    for target, name in PDFS.items():
        (out / target).write_bytes(pdf_bytes(markup.load(CONTENT / f"{name}.md")))
    for target, (name, seed, turned) in SCANS.items():
        document = markup.load(CONTENT / f"{name}.md")
        data = scan_bytes(pdf_bytes(document), document.meta["title"], seed, turned)
        (out / target).write_bytes(data)
    for target, name in DOCX.items():
        (out / target).write_bytes(docx_bytes(markup.load(CONTENT / f"{name}.md")))
    (out / "operations_review_q3_2025.pptx").write_bytes(pptx_bytes(CONTENT / "deck.yaml"))
    (out / "price_list_2025.xlsx").write_bytes(xlsx_bytes(CONTENT / "price_list.yaml"))
    for name in PAGES:
        (out / f"{name}.html").write_bytes(html_page(name).encode("utf-8"))
    for path in sorted((CONTENT / "static").iterdir()):
        shutil.copyfile(path, out / path.name)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python make_corpus.py OUT_DIR")
    build(Path(sys.argv[1]))
