"""What stands between a function and AWS: its role."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from wiring import Function

SECONDS_TO_ANSWER = 60
HOP_BY_HOP = ("connection", "transfer-encoding", "content-length")
VERBS = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "POST": "PutObject", "DELETE": "DeleteObject"}


class Gate(ThreadingHTTPServer):
    """A function's way to AWS: passes on what its role allows, answers 403 to the rest and remembers it.

    S3 is taken at its strictest: a missing key is a 404 only to a role that may list the bucket without naming a prefix (a
    GetObject names none), and a write with If-Match needs the right to read.
    """

    daemon_threads = True

    def __init__(self, function: Function, moto_port: int):
        super().__init__(("127.0.0.1", 0), _GateHandler)
        self.function, self.moto_port, self.refused = function, moto_port, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _GateHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_request(self):
        assert "Transfer-Encoding" not in self.headers, "the SDK sends lengths; chunked bodies are not read here"
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        needs = list(self._needs(body))
        if not all(self.server.function.allows(*need) for need in needs):
            return self._refuse(needs)
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.moto_port, timeout=SECONDS_TO_ANSWER)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("connection", "expect")}
        upstream.request(self.command, self.path, body, headers)
        answer = upstream.getresponse()
        content = answer.read()
        action, resource, _ = needs[0]
        bucket = resource.split("/")[0]
        if action == "s3:GetObject" and answer.status == 404 and not self.server.function.allows("s3:ListBucket", bucket):
            return self._refuse([("s3:ListBucket", bucket, {})])
        headers = [(k, v) for k, v in answer.getheaders() if k.lower() not in HOP_BY_HOP]
        self._answer(answer.status, headers, content, answer.getheader("Content-Length"))

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_request

    def _needs(self, body: bytes):
        """What the request is, as IAM names it: action, resource, context."""
        if "/sns/aws4_request" in self.headers.get("Authorization", ""):
            form = parse_qs(body.decode())
            yield f"sns:{form['Action'][0]}", form.get("TopicArn", ["*"])[0], {}
            return
        url = urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True)
        bucket, _, key = unquote(url.path).lstrip("/").partition("/")
        arn = f"arn:aws:s3:::{bucket}"
        if not key:
            listing = self.command in ("GET", "HEAD") and not query.keys() & {"policy", "acl", "versions", "uploads"}
            context = {"s3:prefix": query["prefix"][0]} if "prefix" in query else {}
            yield "s3:ListBucket" if listing else f"s3:{self.command} {url.query}", arn, context
            return
        verb = VERBS[self.command]
        yield f"s3:{verb}", f"{arn}/{key}", {}
        if "If-Match" in self.headers and verb == "PutObject":
            yield "s3:GetObject", f"{arn}/{key}", {}

    def _refuse(self, needs):
        who = self.server.function.name
        self.server.refused += [f"{who}: {action} on {resource} {context or ''}" for action, resource, context in needs]
        text = b"<Error><Code>AccessDenied</Code><Message>the role in template.yaml does not allow this</Message></Error>"
        self._answer(403, [("Content-Type", "application/xml")], text)

    def _answer(self, status, headers, content, length=None):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_):
        """Silent: what is refused is remembered, the rest is in moto's log."""
