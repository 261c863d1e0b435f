"""An MCP server with one tool, over streamable HTTP. usage: python mcp_server.py [PORT]"""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOOL = {
    "name": "count_stock",
    "description": "How many pieces of a part are in stock.",
    "inputSchema": {"type": "object", "properties": {"part": {"type": "string"}}, "required": ["part"]},
}


def result(method: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The result of a request of the protocol."""
    if method == "initialize":
        return {
            "protocolVersion": parameters.get("protocolVersion", "2025-03-26"),
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "stock", "version": "1"},
        }
    if method == "tools/list":
        return {"tools": [TOOL]}
    if method == "tools/call":
        return {"content": [{"type": "text", "text": "There are 42 gaskets in stock."}], "isError": False}
    return {}


class McpServer(BaseHTTPRequestHandler):
    """Answers JSON with JSON; has no stream of its own."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "id" not in asked:
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        answer = {
            "jsonrpc": "2.0",
            "id": asked["id"],
            "result": result(asked["method"], asked.get("params") or {}),
        }
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.send_error(405)

    def do_DELETE(self) -> None:
        self.send_error(405)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@contextmanager
def serving(port: int = 0) -> Iterator[str]:
    """Serve on loopback until the block ends; gives the URL."""
    server = ThreadingHTTPServer(("127.0.0.1", port), McpServer)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/mcp"
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    with serving(int(sys.argv[1]) if len(sys.argv) > 1 else 18081) as url:
        sys.stderr.write(f"{url}\n")
        threading.Event().wait()
