# SPDX-License-Identifier: BSD-2-Clause
"""The applications on top of rogue.py's TCP: what reads, answers and closes.

In: on_open, on_data, on_eof, called by the connection. Out: tcp.write(), tcp.close(), tcp.abort().
An application is a class with @app("name"); option("key", default) is what stands behind a comma
on the command line: "7000:http,size=20000".
"""
APPS = {}


def app(name):
    def keep(cls):
        APPS[name] = cls
        return cls
    return keep


class App:
    """One object per connection."""

    def __init__(self, tcp):
        self.tcp, self.text = tcp, b""

    def option(self, key, default):
        return self.tcp.option(key, default)

    def on_open(self):
        """The connection is ESTABLISHED."""

    def on_data(self, data):
        """Octets in order."""

    def on_eof(self):
        """The client's FIN."""
        self.tcp.close()


@app("close")
class Close(App):
    """Reads, says nothing, closes at end of stream."""


@app("echo")
class Echo(App):
    def on_data(self, data):
        self.tcp.write(data)


@app("never")
class Never(App):
    """Never closes."""

    def on_eof(self):
        pass


@app("echo-never")
class EchoNever(Echo):
    """Echoes, never closes."""

    def on_eof(self):
        pass


@app("banner")
class Banner(App):
    def on_open(self):
        self.tcp.write(b"220 rogue ready\r\n")


@app("http")
class Http(App):
    """Answers each request; the body has size=3 octets. Closes at end of stream."""

    size = 3

    def on_data(self, data):
        self.text += data
        while b"\r\n\r\n" in self.text:
            self.text = self.text.partition(b"\r\n\r\n")[2]
            self.answer()

    def answer(self):
        body = (b"0123456789" * 10000)[:self.option("size", self.size)]
        self.tcp.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
                       % len(body) + body)


@app("big")
class Big(Http):
    size = 20000


@app("answer-close")
class AnswerClose(Http):
    """Closes after the first answer."""

    def answer(self):
        super().answer()
        self.tcp.close()


@app("big-close")
class BigClose(AnswerClose):
    size = 20000


@app("close-at-accept")
class CloseAtAccept(App):
    def on_open(self):
        self.tcp.close()


@app("reset-at-accept")
class ResetAtAccept(App):
    def on_open(self):
        self.tcp.abort()


@app("reset-on-fin")
class ResetOnFin(App):
    def on_eof(self):
        self.tcp.abort()


@app("close-late")
class CloseLate(App):
    """after=1.0 seconds after end of stream."""

    def on_eof(self):
        self.tcp.after("app", self.option("after", 1.0), self.tcp.close)


@app("idle-close")
class IdleClose(Echo):
    """Closes when nothing came for after=1.0 seconds."""

    def on_open(self):
        self.tcp.after("app", self.option("after", 1.0), self.tcp.close)

    def on_data(self, data):
        super().on_data(data)
        self.on_open()


@app("data-then-fin")
class DataThenFin(App):
    """At end of stream count=5 pieces of size=100, gap=0.0 apart, then closes."""

    left = None

    def on_eof(self):
        self.left = self.option("count", 5) if self.left is None else self.left - 1
        if self.left <= 0:
            self.tcp.close()
            return
        self.tcp.write(b"x" * self.option("size", 100))
        self.tcp.after("app", self.option("gap", 0.0), self.on_eof)
