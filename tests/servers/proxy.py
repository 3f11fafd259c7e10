#!/usr/bin/env python3
"""A TCP proxy before a PostgreSQL server that delays, cuts and stalls connections; started by proxy.sh.

    proxy.py serve SOCKET PORT SERVER-PORT DELAY-MS     serve on loopback until SIGTERM, taking commands at SOCKET
    proxy.py ask SOCKET COMMAND [TEXT [BEHIND]]         have a command done, and print its answer

What clients send is passed on DELAY-MS later, what the server sends at once: each round trip costs DELAY-MS more, whatever
is under way at the same time. It knows the frames of the PostgreSQL protocol (without TLS), so that a cut falls between
two messages of a client.
"""

import asyncio
import collections
import selectors
import signal
import socket
import struct
import sys

# What a client may send without a type byte before its startup packet: requests of TLS and GSSAPI.
NEGOTIATIONS = (80877103, 80877104)
# Messages whose effect is due at the Sync that ends their pipeline: Parse, Bind, Describe, Execute, Close.
UNTIL_SYNC = b"PBDEC"


# At a message that contains the one text, once one that contains the other has been passed on over the same connection.
Cut = collections.namedtuple("Cut", ["before", "text", "behind"])


class Messages:
    """Cuts the bytes of one client into whole messages."""

    def __init__(self):
        self.rest = b""
        self.started = False

    def feed(self, data):
        self.rest += data
        at = 0
        while True:
            kind = self.rest[at:at + 1] if self.started else b""
            length_at = at + len(kind)
            if len(self.rest) < length_at + (4 if self.started else 8):
                break
            end = length_at + struct.unpack_from("!I", self.rest, length_at)[0]
            if len(self.rest) < end:
                break
            if not self.started:
                self.started = struct.unpack_from("!I", self.rest, at + 4)[0] not in NEGOTIATIONS
            yield kind, self.rest[at:end]
            at = end
        self.rest = self.rest[at:]


class Link:
    """A client's connection and the one to the server that was made for it."""

    def __init__(self, proxy, client):
        self.proxy = proxy
        self.client = client
        self.server = None
        self.to_server = collections.deque()  # (when it is due, bytes; None: the client has ended)
        self.to_client = collections.deque()  # what was held back by a stall
        self.messages = Messages()
        self.cut_behind = None  # the type of the message that is the last to be passed on before a cut
        self.past_behind = None  # the cut of which this client has sent the message that must come first
        self.last_words = False  # no more is passed on: a cut waits for the server to have done all it was sent
        self.answered = True
        self.timer = None

    def from_client(self, data):
        if self.answered and data:
            self.proxy.turns += 1
            self.answered = False
        self.to_server.append((self.proxy.loop.time() + self.proxy.delay, data))
        self.pump()

    def from_server(self, data):
        self.answered = True
        if not self.last_words:
            self.to_client.append(data)
            self.pump()

    def pump(self):
        """Pass on what is due."""
        if self.proxy.stalled:
            return
        while self.to_client:
            data = self.to_client.popleft()
            if data is None:
                self.client.close()
            else:
                self.client.write(data)
        now = self.proxy.loop.time()
        while self.server and self.to_server and self.to_server[0][0] <= now and not self.last_words:
            data = self.to_server.popleft()[1]
            if data is None:
                self.server.close()
            else:
                self.pass_on(data)
        if self.server and self.to_server and not self.timer:
            self.timer = self.proxy.loop.call_at(self.to_server[0][0], self.wake)

    def wake(self):
        self.timer = None
        self.pump()

    def pass_on(self, data):
        ready = []
        for kind, message in self.messages.feed(data):
            cut = self.proxy.next_cut
            if cut and self.is_due(cut, message):
                self.proxy.next_cut = None
                if cut.before:
                    self.server.write(b"".join(ready))
                    self.proxy.cut()
                    return
                self.cut_behind = b"S" if kind in UNTIL_SYNC else kind
            ready.append(message)
            if self.cut_behind is not None and kind == self.cut_behind:
                # The server does what it was sent before it sees the end, and then ends the connection.
                self.server.write(b"".join(ready))
                self.server.write_eof()
                self.last_words = True
                return
        self.server.write(b"".join(ready))

    def is_due(self, cut, message):
        if self.past_behind is not cut and cut.behind:
            if cut.behind in message:
                self.past_behind = cut
            return False
        return cut.text in message

    def ended(self, of_server):
        if of_server and self.last_words:
            self.proxy.cut()
        elif of_server:
            self.from_server(None)
        else:
            self.from_client(None)
        if self.client.is_closing() and (not self.server or self.server.is_closing()):
            self.proxy.links.discard(self)

    def cut(self):
        self.last_words = False
        self.to_server.clear()
        self.to_client.clear()
        for transport in (self.client, self.server):
            if transport and not transport.is_closing():
                # With this, closing sends a reset.
                transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                transport.abort()


class ServerSide(asyncio.Protocol):
    def __init__(self, link):
        self.link = link

    def data_received(self, data):
        self.link.from_server(data)

    def connection_lost(self, _):
        self.link.ended(True)


class ClientSide(asyncio.Protocol):
    def __init__(self, proxy):
        self.proxy = proxy

    def connection_made(self, transport):
        self.link = Link(self.proxy, transport)
        self.proxy.links.add(self.link)
        self.proxy.accepted += 1
        if self.proxy.paused:
            self.link.cut()
        else:
            self.task = self.proxy.loop.create_task(self.proxy.connect(self.link))

    def data_received(self, data):
        self.link.from_client(data)

    def connection_lost(self, _):
        self.link.ended(False)


class Proxy:
    def __init__(self, loop, server_port, delay):
        self.loop = loop
        self.server_port = server_port
        self.delay = delay
        self.links = set()
        self.paused = self.stalled = False
        self.next_cut = None
        self.accepted = self.turns = self.cuts = 0

    async def connect(self, link):
        try:
            link.server, _ = await self.loop.create_connection(lambda: ServerSide(link), "127.0.0.1", self.server_port)
        except OSError:
            link.cut()
            return
        if link.client.is_closing():
            link.cut()
        link.pump()

    def cut(self):
        self.cuts += 1
        for link in list(self.links):
            link.cut()

    def do(self, command, text=b"", behind=b""):
        if command == "cut":
            self.cut()
        elif command == "pause":
            self.paused = True
            self.cut()
        elif command == "stall":
            self.stalled = True
        elif command == "resume":
            self.paused = self.stalled = False
            for link in list(self.links):
                link.pump()
        elif command in ("cut-at", "cut-after"):
            self.next_cut = Cut(command == "cut-at", text, behind)
        elif command == "status":
            return "open %d accepted %d turns %d cuts %d" % (len(self.links), self.accepted, self.turns, self.cuts)
        else:
            return "unknown command"
        return ""

    async def control(self, reader, writer):
        command, *texts = (await reader.read()).split(b"\0")
        writer.write(self.do(command.decode(), *texts).encode())
        writer.close()


async def serve(path, port, server_port, delay_ms):
    loop = asyncio.get_running_loop()
    proxy = Proxy(loop, int(server_port), float(delay_ms) / 1000)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    listener = await loop.create_server(lambda: ClientSide(proxy), "127.0.0.1", int(port))
    control = await asyncio.start_unix_server(proxy.control, path)
    await ended.wait()
    listener.close()
    control.close()
    proxy.cut()


def ask(path, *words):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall("\0".join(words).encode())
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(4096), b"")).decode()
    if answer:
        print(answer)
    return answer == "unknown command"


def main(arguments):
    if arguments[:1] == ["serve"] and len(arguments) == 5:
        # select() waits for microseconds, where epoll waits for whole milliseconds.
        loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
        loop.run_until_complete(serve(*arguments[1:]))
        return 0
    if arguments[:1] == ["ask"] and len(arguments) in (3, 4, 5):
        return ask(*arguments[1:])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
