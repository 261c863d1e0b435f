"""Files of labelled questions: what they may say, and what is told when they say it wrongly."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

from muniment.errors import InputError, NotFoundError
from muniment.evaluation import counted, parse_questions, read_questions
from muniment.types import LabelledQuestion, PageLabel, SpanLabel


def one(**row: object) -> LabelledQuestion:
    [question] = parse_questions(json.dumps({"question": "How many days?", **row}))
    return question


def test_a_question_alone_is_enough_and_keeps_its_id_when_rows_come_and_go() -> None:
    asked = one()
    assert (asked.answerable, asked.unanswerable, asked.located) == (False, None, False)
    text = '{"question": "Another?"}\n\n{"question": "How many days?"}\n'
    assert parse_questions(text)[1].id == asked.id
    twice = parse_questions('{"question": "How many days?"}\n{"question": "How many days?"}')
    assert len({question.id for question in twice}) == 2


def test_every_label_can_be_given() -> None:
    asked = one(
        id=7,
        answer=["30", "thirty"],
        documents="handbook.pdf",
        pages=[4, "other.pdf#5", {"document": "third.pdf", "page": 6}],
        spans=[{"document": "handbook.pdf", "start": 10, "end": 20}, "third.pdf:3-9"],
        quote="30 days of leave",
        kind="number",
    )
    assert (asked.id, asked.answers, asked.documents) == ("7", ("30", "thirty"), ("handbook.pdf",))
    assert asked.pages == (
        PageLabel(4, "handbook.pdf"),
        PageLabel(5, "other.pdf"),
        PageLabel(6, "third.pdf"),
    )
    assert asked.spans == (
        SpanLabel("handbook.pdf", "", 10, 20),
        SpanLabel("third.pdf", "", 3, 9),
        SpanLabel("handbook.pdf", "30 days of leave"),
    )
    assert asked.answerable


def test_a_bare_page_of_several_documents_is_a_page_of_any_of_them() -> None:
    assert one(documents=["a.pdf", "b.pdf"], pages=[4]).pages == (PageLabel(4),)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_says_the_same_as_json_lines(delimiter: str, tmp_path: Path) -> None:
    header = ["id", "question", "answer", "documents", "pages", "quote", "unanswerable"]
    rows = [
        ["a", "How many, exactly?", "30 days", "handbook.pdf", "4", '"30" days', ""],
        ["b", "Who?", "", '"x.pdf;y.pdf"', '"x.pdf#1; y.pdf#2"', "", "no"],
        ["c", "What else?", "", "", "", "", "yes"],
    ]
    quoted = [
        [cell if cell.startswith('"') and cell.endswith('"') else _quoted(cell) for cell in row]
        for row in rows
    ]
    file = tmp_path / "questions.csv"
    lines = [header, *quoted]
    file.write_text("\ufeff" + "\r\n".join(delimiter.join(line) for line in lines), encoding="utf-8")
    json_lines = "\n".join(
        map(
            json.dumps,
            [
                {
                    "id": "a",
                    "question": "How many, exactly?",
                    "answer": "30 days",
                    "documents": ["handbook.pdf"],
                    "pages": [4],
                    "quote": '"30" days',
                },
                {
                    "id": "b",
                    "question": "Who?",
                    "documents": ["x.pdf", "y.pdf"],
                    "pages": ["x.pdf#1", "y.pdf#2"],
                    "unanswerable": False,
                },
                {"id": "c", "question": "What else?", "unanswerable": True},
            ],
        )
    )
    assert read_questions(file) == parse_questions(json_lines)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ('{"question": ""}', "`question` is missing"),
        ('{"questoin": "Who?"}', "did you mean 'question'"),
        ('{"question": "Who?", "pages": [0]}', "pages count from 1"),
        ('{"question": "Who?", "pages": ["four"]}', "whole number"),
        ('{"question": "Who?", "spans": [{"start": 1, "end": 2}]}', "needs its `document`"),
        ('{"question": "Who?", "spans": [{"document": "a", "start": 5, "end": 2}]}', "behind its start"),
        ('{"question": "Who?", "spans": [{"quot": "a"}]}', "unknown: quot"),
        ('{"question": "Who?", "spans": [{"document": "a"}]}', "or a `quote`"),
        ('{"question": "Who?", "unanswerable": "perhaps"}', "true or false"),
        (
            '{"question": "Who?", "unanswerable": true, "answer": "Ann"}',
            "`unanswerable`, and yet its answer is 'Ann'; take one of them away",
        ),
        ('{"question": "Who?", "unanswerable": "yes", "expected_answer": ["Ann"]}', "take one of them away"),
        ('{"question": "Who?", "documents": [{}]}', "list of texts"),
        ('{"question": "Who?", "id": []}', "`id`"),
        ('["Who?"]', "not a JSON object"),
        ("{", "not JSON"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(row: str, told: str) -> None:
    with pytest.raises(InputError, match="line 3") as caught:
        parse_questions('{"question": "Fine?"}\n\n' + row, name="mine.jsonl")
    assert caught.value.code == "invalid_questions"
    assert told in caught.value.message
    assert caught.value.message.startswith("mine.jsonl")


def test_many_problems_are_told_at_once_but_not_all() -> None:
    with pytest.raises(InputError, match=r"line 5: .*and 2 more"):
        parse_questions("\n".join(["{"] * 7))


def test_the_same_id_twice_is_refused_and_so_are_a_ragged_row_and_an_empty_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'x' stands in more than one row"):
        parse_questions('{"id": "x", "question": "A?"}\n{"id": "x", "question": "B?"}')
    with pytest.raises(InputError, match="line 2: more cells"):
        parse_questions("question,answer\nWho?,me,you\n", as_csv=True)
    with pytest.raises(InputError, match="holds no question"):
        parse_questions("\n")
    with pytest.raises(NotFoundError, match=r"none\.jsonl"):
        read_questions(tmp_path / "none.jsonl")
    (tmp_path / "latin.csv").write_bytes("question\nWér?".encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8"):
        read_questions(tmp_path / "latin.csv")


def test_drafted_questions_count_only_when_asked_for() -> None:
    questions = parse_questions('{"question": "A?"}\n{"question": "B?", "drafted": true}')
    assert [question.question for question in counted(questions)] == ["A?"]
    assert len(counted(questions, with_drafted=True)) == 2
    with pytest.raises(InputError, match="drafted"):
        counted(questions[1:])


def test_the_sample_questions_are_read_as_they_are() -> None:
    text = (files("muniment.sample") / "acme_corporate" / "questions.jsonl").read_text(encoding="utf-8")
    questions = parse_questions(text)
    assert len(questions) == 120
    assert sum(question.unanswerable is True for question in questions) == 26
    assert all(question.spans and question.answers for question in questions if question.answerable)
