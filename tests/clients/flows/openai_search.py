"""Steps that search a vector store: two files with attributes, as the steps before left them."""

from openai_files import GASKET, VALVE
from steps import State, equal, expect, items, refused


def search(s: State, query: object, **options):
    return items(s.client.vector_stores.search(s.store.id, query=query, **options))


def texts(hits) -> list[str]:
    return [hit.content[0].text for hit in hits]


def search_finds_the_text(s: State):
    found = search(s, "gasket material", max_num_results=2)
    expect(found, "nothing")
    equal((texts(found)[0], found[0].content[0].type), (GASKET, "text"), found)
    return found[0]


def search_names_the_file(s: State):
    best = search(s, "gasket material")[0]
    equal((best.file_id, best.filename), (s.file.id, "gasket.txt"), best)


def search_says_what_was_asked(s: State):
    page = s.client.vector_stores.search(s.store.id, query="gasket")
    asked = page.search_query if hasattr(page, "search_query") else page.model_extra["search_query"]
    equal(asked, s.search_query("gasket"), page)


def search_takes_several_queries(s: State):
    found = texts(search(s, ["gasket material", "valve pressure"]))
    equal((GASKET in found, VALVE in found), (True, True), found)


def search_is_ranked(s: State):
    found = search(s, "At what pressure does valve V-2 open?")
    equal(texts(found)[0], VALVE, found)
    scores = [hit.score for hit in found]
    equal(scores, sorted(scores, reverse=True))
    expect(len(found) >= 2, found)


def search_gives_no_more_than_asked(s: State):
    equal(len(search(s, "gasket", max_num_results=1)), 1)


def search_in_every_mode(s: State):
    for mode in ("vector", "keyword", "hybrid"):
        found = search(s, "gasket", extra_body={"search_mode": mode})
        expect(found and GASKET in texts(found), mode, found)
    equal(texts(search(s, "V-2", extra_body={"search_mode": "keyword"})), [VALVE])


def unknown_search_mode_is_refused(s: State):
    return refused(lambda: search(s, "gasket", extra_body={"search_mode": "sideways"}), 400, 422)


def search_with_a_rewritten_query(s: State):
    found = search(s, "gasket material", rewrite_query=True)
    expect(GASKET in texts(found), found)


def search_above_a_score(s: State):
    everything = search(s, "gasket", max_num_results=10)
    best, second = everything[0].score, everything[1].score
    between = {"score_threshold": (best + second) / 2}
    equal(texts(search(s, "gasket", ranking_options=between)), [GASKET], everything)
    some = search(s, "gasket", ranking_options={"score_threshold": 0.0})
    expect(len(some) >= 1, some)


def search_with_a_filter(s: State):
    ops = {"type": "eq", "key": "team", "value": "ops"}
    found = search(s, "valve", filters=ops)
    equal(texts(found), [GASKET], found)
    equal(found[0].attributes["team"], "ops", found)


def search_with_a_filter_that_fits_nothing(s: State):
    equal(search(s, "gasket", filters={"type": "eq", "key": "team", "value": "nobody"}), [])


def search_with_every_kind_of_filter(s: State):
    """The gasket is of team ops and 2024 and no draft, the valve of team air and 2020 and a draft."""

    def one(kind: str, key: str, value: object) -> dict[str, object]:
        return {"type": kind, "key": key, "value": value}

    old, new = one("lt", "year", 2022), one("gte", "year", 2022)
    expected = [
        (one("ne", "team", "ops"), {VALVE}),
        (one("gt", "year", 2020), {GASKET}),
        (one("gte", "year", 2020), {GASKET, VALVE}),
        (one("lt", "year", 2024), {VALVE}),
        (one("lte", "year", 2024), {GASKET, VALVE}),
        (one("in", "team", ["ops", "sea"]), {GASKET}),
        (one("in", "team", ["ops", "air"]), {GASKET, VALVE}),
        (one("eq", "draft", True), {VALVE}),
        ({"type": "and", "filters": [new, one("eq", "team", "ops")]}, {GASKET}),
        ({"type": "and", "filters": [old, one("eq", "team", "ops")]}, set()),
        ({"type": "or", "filters": [old, one("eq", "team", "ops")]}, {GASKET, VALVE}),
        ({"type": "or", "filters": [{"type": "and", "filters": [old, new]}, old]}, {VALVE}),
    ]
    wrong = []
    for filters, wanted in expected:
        try:
            got = set(texts(search(s, "parts", filters=filters)))
        except Exception as error:
            wrong.append((filters, f"{type(error).__name__}: {error}"[:300]))
            continue
        if got != wanted:
            wrong.append((filters, got))
    expect(not wrong, wrong)
    return len(expected)


SEARCH = (
    search_finds_the_text,
    search_names_the_file,
    search_says_what_was_asked,
    search_is_ranked,
    search_gives_no_more_than_asked,
    search_in_every_mode,
    unknown_search_mode_is_refused,
    search_with_a_rewritten_query,
    search_above_a_score,
    search_with_a_filter,
    search_with_a_filter_that_fits_nothing,
    search_with_every_kind_of_filter,
)
