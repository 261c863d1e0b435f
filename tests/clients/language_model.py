"""A language model that always says the same: OpenAI's chat and completion API, with tools and streams.

usage: python language_model.py [PORT]

Offered a tool, it calls it with the user's words. Given a tool's result, or numbered passages, it
answers with the sentence that shares most words with the question and cites it by the mark it stands
under: ``<|file-…|>`` or ``[1]``. Otherwise it says ``GROUNDED``. Asked something with the word
*slowly*, it takes ten seconds; asked *how many questions*, it counts those it was sent. Needs only
the standard library, so that any environment can run it.
"""

import json
import re
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "smollm2"
GROUNDED = "The answer is grounded."
SLOW_WORDS, SLOW_PAUSE = 100, 0.1
MARK = re.compile(r'<\|([\w-]{8,})\|>|<passage number="(\d+)"|^\[(\d+)\]', re.MULTILINE)
SENTENCE = re.compile(r"""[^.!?\n]*(?:[.!?](?![\s"'<)]|$)[^.!?\n]*)*[.!?](?=[\s"'<)]|$)""")
Body = dict[str, Any]


def answer(request: Body) -> Body:
    """The assistant's message: ``content``, or ``tool_calls``."""
    messages = request["messages"]
    asked = max((i for i, m in enumerate(messages) if m["role"] == "user"), default=0)
    question = text_of(messages[asked])
    results = [text_of(m) for m in messages[asked:] if m["role"] == "tool"]
    tools = [tool["function"] for tool in request.get("tools") or [] if tool.get("type") == "function"]
    if tools and not results and request.get("tool_choice") != "none":
        return {
            "content": None,
            "tool_calls": [call(chosen(tools, request.get("tool_choice"), question), question)],
        }
    if "slowly" in question.lower():
        return {"content": " ".join(f"word{n}" for n in range(SLOW_WORDS))}
    if "how many questions" in question.lower():
        return {"content": f"You asked {sum(m['role'] == 'user' for m in messages)} questions."}
    if any("rewrite" in text_of(m).lower() for m in messages):
        return {"content": question.strip().splitlines()[-1]}
    if "<passage number=" in question:
        results, question = [question], question.rpartition("Question: ")[2].partition("\n")[0]
    sources = "\n".join(results).replace("\\n", "\n")  # some servers give results as JSON
    return {"content": shaped(cited_sentence(sources, question), request.get("response_format"))}


def text_of(message: Body) -> str:
    """The words of a message whose content is a string or a list of parts."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else " ".join(part.get("text") or "" for part in content)


def chosen(tools: list[Body], choice: object, question: str) -> Body:
    """The tool that is demanded, else one whose name the question mentions, else a search, else the first."""
    demanded = choice.get("function", choice).get("name") if isinstance(choice, dict) else None
    asked = words(question)
    rules = (
        lambda tool: tool["name"] == demanded,
        lambda tool: asked & set(tool["name"].lower().split("_")),
        lambda tool: "search" in tool["name"],
        lambda tool: True,
    )
    return next(tool for rule in rules for tool in tools if rule(tool))


def call(tool: Body, question: str) -> Body:
    parameters = tool.get("parameters") or {}
    properties = parameters.get("properties") or {}
    names = parameters.get("required") or list(properties)[:1] or ["query"]
    samples = {"integer": 1, "number": 1, "boolean": True, "array": [question], "object": {}}
    arguments = {name: samples.get(properties.get(name, {}).get("type"), question) for name in names}
    function = {"name": tool["name"], "arguments": json.dumps(arguments)}
    return {"index": 0, "id": f"call_{uuid.uuid4().hex[:12]}", "type": "function", "function": function}


def cited_sentence(sources: str, question: str) -> str:
    """The sentence of ``sources`` nearest to the question, with the mark it stands under."""
    asked = words(question)
    repeated = question.strip() if " " in question.strip() else None
    matches = SENTENCE.finditer(sources)
    sentences = [match for match in matches if repeated is None or repeated not in match.group()]
    found = [(len(asked & words(match.group())), match) for match in sentences]
    shared, match = max(found, key=lambda pair: pair[0], default=(0, None))
    if match is None or not shared:
        return GROUNDED
    marks = [mark for mark in MARK.finditer(sources) if mark.start() < match.end()]
    sentence = match.group().strip(" \"'")
    if not marks:
        return sentence
    files = [mark.group(1) for mark in marks if mark.group(1)]
    if files:
        return f"{sentence[:-1]}<|{files[-1]}|>."
    return f"{sentence} [{marks[-1].group(2) or marks[-1].group(3)}]"


def words(text: str) -> set[str]:
    return {word for word in re.findall(r"[\w-]+", text.lower()) if len(word) > 2}


def shaped(text: str, wanted: Body | None) -> str:
    """``text`` as the JSON object that ``response_format`` asks for, if it does."""
    kind = (wanted or {}).get("type", "text")
    if kind == "text":
        return text
    schema = ((wanted or {}).get("json_schema") or {}).get("schema") or {}
    return json.dumps(dict.fromkeys(schema.get("required") or ["answer"], text))


def pieces(message: Body) -> Iterator[Body]:
    """The message as the deltas of a stream."""
    if message.get("tool_calls"):
        yield {"role": "assistant", "tool_calls": message["tool_calls"]}
        return
    text = message["content"]
    pause = SLOW_PAUSE if text.startswith("word0 ") else 0.0
    yield {"role": "assistant", "content": ""}
    for piece in re.findall(r"\s*\S+", text):
        time.sleep(pause)
        yield {"content": piece}


class LanguageModel(BaseHTTPRequestHandler):
    """The routes; one connection a request."""

    def do_GET(self) -> None:
        self.whole(
            {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 1, "owned_by": "test"}]}
        )

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            self.route(request)
        except BrokenPipeError:
            self.close_connection = True  # whoever asked has lost interest

    def route(self, request: Body) -> None:
        chat = self.path.endswith("/chat/completions")
        message = answer(request) if chat else {"content": " blue."}
        base = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": request["model"]}
        kind = "chat.completion" if chat else "text_completion"
        finish = "tool_calls" if message.get("tool_calls") else "stop"
        if request.get("stream"):
            self.stream(request, base, message, finish, chat)
            return
        for _ in pieces(message):  # as long as it takes to say it
            pass
        said: Body = {"message": {"role": "assistant", **message}} if chat else {"text": message["content"]}
        choice = {"index": 0, "logprobs": None, "finish_reason": finish, **said}
        self.whole({**base, "object": kind, "choices": [choice], "usage": usage(request, message)})

    def stream(self, request: Body, base: Body, message: Body, finish: str, chat: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        kind = "chat.completion.chunk" if chat else "text_completion"
        for delta in pieces(message):
            said: Body = {"delta": delta} if chat else {"text": delta.get("content", "")}
            self.event({**base, "object": kind, "choices": [{"index": 0, "finish_reason": None, **said}]})
        said = {"delta": {}} if chat else {"text": ""}
        self.event({**base, "object": kind, "choices": [{"index": 0, "finish_reason": finish, **said}]})
        if (request.get("stream_options") or {}).get("include_usage"):
            self.event({**base, "object": kind, "choices": [], "usage": usage(request, message)})
        self.wfile.write(b"data: [DONE]\n\n")

    def event(self, value: Body) -> None:
        self.wfile.write(f"data: {json.dumps(value)}\n\n".encode())
        self.wfile.flush()

    def whole(self, value: Body) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


def usage(request: Body, message: Body) -> Body:
    """Tokens, one a word."""
    asked = sum(len(text_of(m).split()) for m in request.get("messages", [])) or 1
    said = len((message.get("content") or "a call").split())
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


@contextmanager
def serving(port: int = 0, handler: type[LanguageModel] = LanguageModel) -> Iterator[str]:
    """Serve on loopback until the block ends; gives the base URL, which ends in ``/v1``."""
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    with serving(int(sys.argv[1]) if len(sys.argv) > 1 else 18080) as url:
        sys.stderr.write(f"{url}\n")
        threading.Event().wait()
