"""One POST to a receiver whom we do not trust. It knows no event and no subscription.

The address is looked up once, judged and then used, so that a name cannot lead elsewhere in between.
Redirects are not followed, no proxy is asked, the answer's body is not read, and everything has an end.
"""

import http.client
import io
import ipaddress
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from urllib.parse import SplitResult, urlsplit

TIMEOUT_S = 15.0
"""For the whole, from the look-up to the status line; the scheme recommends 15 to 30 s."""
MAX_HEAD = 16 * 1024
THREE_DIGITS = re.compile(rb"[1-9][0-9][0-9]")
NAT64 = ipaddress.ip_network("64:ff9b::/96")
PORTS = {"https": 443, "http": 80}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class BadTarget(ValueError):
    """Why nothing is sent there."""


class NotReached(Exception):
    """No answer came; it may be tried again."""


@dataclass(frozen=True, slots=True)
class Target:
    """allow_private: one's own network too, and plain http there. ca_file: "": the system's."""

    url: str
    allow_private: bool = False
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """status: of HTTP. retry_after_s: what the receiver asked for, None: nothing readable."""

    status: int
    retry_after_s: int | None = None


def checked(target: Target) -> SplitResult:
    """The parts of its URL. Raises BadTarget on what must not be called whatever its address is."""
    if not target.url.isascii() or any(letter <= " " or letter == "\x7f" for letter in target.url):
        raise BadTarget("the URL has spaces or characters that are not ASCII")
    try:
        parts = urlsplit(target.url)
        _ = parts.port
    except ValueError as error:
        raise BadTarget(f"this is no URL: {error}") from error
    if parts.scheme not in PORTS or not parts.hostname:
        raise BadTarget("the URL must begin with https:// and name a host")
    if parts.scheme == "http" and not target.allow_private:
        raise BadTarget("plain http is for one's own network only: https://, or --allow-private")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadTarget("the URL must have no user, password or #")
    return parts


def is_allowed(address: Address, allow_private: bool) -> bool:
    """Whether requests may go there. Link-local is refused always: clouds keep credentials there."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_allowed(inner, allow_private)
    if address.is_multicast or address.is_unspecified or address.is_link_local:
        return False
    return address.is_global or (allow_private and (address.is_private or address.is_loopback))


def post(target: Target, headers: Mapping[str, str], body: bytes, timeout_s: float = TIMEOUT_S) -> Answer:
    """Send ``body`` once. Raises BadTarget (never sent) or NotReached (it may have arrived)."""
    deadline = monotonic() + timeout_s
    parts = checked(target)
    port = parts.port or PORTS[parts.scheme]
    try:
        with _connected(target, parts.hostname or "", port, parts.scheme == "https", deadline) as line:
            line.settimeout(_left(deadline))
            line.sendall(_request(parts, headers, body) + body)
            return _answer(line, deadline)
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, BadTarget):
            raise
        raise NotReached(f"{type(error).__name__}: {error}"[:200]) from error


def _connected(target: Target, host: str, port: int, tls: bool, deadline: float) -> socket.socket:
    address = _judged(host, port, target.allow_private)
    line = socket.create_connection((address, port), timeout=_left(deadline))
    if not tls:
        return line
    try:
        line.settimeout(_left(deadline))
        context = ssl.create_default_context(cafile=target.ca_file or None)
        return context.wrap_socket(line, server_hostname=host)
    except BaseException:
        line.close()
        raise


def _judged(host: str, port: int, allow_private: bool) -> str:
    """The address to call. One that is not allowed refuses the name as a whole."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]).partition("%")[0] for each in found]
    for text in addresses:
        if not is_allowed(ipaddress.ip_address(text), allow_private):
            raise BadTarget(f"{host} is at {text}, an address that is not called")
    return addresses[0]


def _request(parts: SplitResult, headers: Mapping[str, str], body: bytes) -> bytes:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    all_headers = {
        "Host": parts.netloc,
        "User-Agent": "smart-counter-webhooks/1",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **headers,
    }
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in all_headers.items()), "", ""]
    return "\r\n".join(lines).encode("ascii")


def _answer(line: socket.socket, deadline: float) -> Answer:
    """The first head that is not an interim one (1xx)."""
    received = b""
    while True:
        while b"\r\n\r\n" not in received:
            if len(received) > MAX_HEAD:
                raise NotReached(f"the answer's head has more than {MAX_HEAD} bytes")
            line.settimeout(_left(deadline))
            if not (more := line.recv(4096)):
                raise NotReached("the connection ended before an answer")
            received += more
        head, _, received = received.partition(b"\r\n\r\n")
        if (told := _told(head)).status >= 200:
            return told


def _told(head: bytes) -> Answer:
    first, _, rest = head.partition(b"\r\n")
    words = first.split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not THREE_DIGITS.fullmatch(words[1]):
        raise NotReached("the answer is no HTTP")
    wait = http.client.parse_headers(io.BytesIO(rest + b"\r\n\r\n")).get("retry-after", "")
    return Answer(int(words[1]), int(wait) if wait.isascii() and wait.isdigit() and len(wait) < 8 else None)


def _left(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    return left
