# SPDX-License-Identifier: BSD-2-Clause
"""Real servers for the lab, each started in a namespace with nothing but a directory of its own.

Use:    server = servers.Nginx()
        if server.available():
            server.start(ns)    # listens now, on IPv4 and IPv6, on server.port
            ...
            server.stop()
        else:
            lab.skip("nginx", server.reason)
`request` is something that the server answers, with `reply` at the beginning of the answer.
A config of the system is never read, and no server becomes a daemon.
"""
import os
import shutil
import subprocess

import lab
import sandbox

GET = b"GET / HTTP/1.0\r\n\r\n"
START_S = 20


def only_root_is_mapped():
    """True in a user namespace with a single user: a server cannot change to its own there."""
    with open("/proc/self/uid_map", encoding="ascii") as ids:
        return sum(int(line.split()[2]) for line in ids) == 1


def as_user(number):
    """Words before a command that insists on not being root where only root is mapped: a user
    namespace inside ours calls us by another number. Privileged ports are out of reach then."""
    return ["unshare", "-U", f"--map-user={number}", f"--map-group={number}"]


class Server:
    """One server; the subclasses say which."""

    name = command = ""
    request, reply = GET, b"HTTP/1."
    version_args = ["--version"]

    def __init__(self, port=8080):
        self.port, self.reason, self.daemon, self.dir = port, "", None, None

    def available(self):
        """Can it run here? If not, .reason says why."""
        if not shutil.which(self.command):
            self.reason = f"{self.command} is not installed"
        return not self.reason

    def version(self):
        """The first line of what it says about its version; "" when it does not."""
        out = subprocess.run([shutil.which(self.command), *self.version_args],
                                 capture_output=True, text=True, timeout=20, check=False)
        lines = (out.stdout + out.stderr).splitlines()
        return lines[0] if lines else ""

    def ports(self):
        return [self.port]

    def prepare(self):
        """Write what it needs into self.dir; returns the command as a list."""
        raise NotImplementedError

    def file(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="ascii") as out:
            out.write(text)
        os.chmod(path, 0o644)
        return path

    def start(self, ns):
        """Returns once all its ports listen on both IP versions; otherwise an exception."""
        self.dir = os.path.join(ns.lab.dir, f"{self.name}-{self.port}")
        os.makedirs(self.dir, 0o755)
        self.daemon = ns.daemon(self.prepare(), self.name)
        wanted = [(port, family) for port in self.ports() for family in (4, 6)]
        lab.wait_for(lambda: not self.daemon.alive() or all(
            listens(ns, port, family) for port, family in wanted), START_S, 0.05)
        missing = [pair for pair in wanted if not listens(ns, *pair)]
        if missing or not self.daemon.alive():
            text = self.output()
            self.stop()
            raise RuntimeError(f"{self.name} does not listen on {missing}: {text}")
        return self

    def output(self):
        return (self.daemon.read("out") + self.daemon.read("err")).strip()[-2000:]

    def stop(self):
        """End it; its exit status."""
        if self.daemon:
            sandbox.end_process(self.daemon.proc, 5)
        shutil.rmtree(self.dir or "", ignore_errors=True)
        return self.daemon.proc.returncode if self.daemon else None


def listens(ns, port, family):
    """Is there a listener for this IP version? One on `*` serves both."""
    any_of = {4: ("0.0.0.0", "*"), 6: ("::", "*")}[family]
    return any(sock["state"] == "LISTEN" and sock["sport"] == port and sock["src"] in any_of
               for sock in ns.sockets())


class Nginx(Server):
    """nginx in one process; / is a short text, /big is 100 kB."""

    name = command = "nginx"
    version_args = ["-v"]

    def __init__(self, port=8080, listen="", http=""):
        """listen: more words for its listen lines ("deferred"); http: more configuration."""
        super().__init__(port)
        self.listen, self.http = listen, http

    def prepare(self):
        www = os.path.join(self.dir, "www")
        os.mkdir(www, 0o755)
        self.file("www/index.html", "ok\n")
        self.file("www/big", "0123456789" * 10000)
        temp = "".join(f"{kind}_temp_path {self.dir}/{kind};\n"
                       for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        conf = self.file("nginx.conf", f"""
daemon off; master_process off; user root; pid {self.dir}/pid; error_log stderr;
events {{ worker_connections 4096; }}
http {{
  access_log off; {temp} {self.http}
  server {{
    listen 0.0.0.0:{self.port} {self.listen};
    listen [::]:{self.port} ipv6only=on {self.listen};
    root {www};
  }}
}}
""")
        return ["nginx", "-p", self.dir, "-c", conf, "-e", "stderr"]


class Apache(Server):
    """apache2 (event) in one process; modules from the package, nothing else of it."""

    name, command = "apache", "apache2"
    version_args = ["-v"]
    modules = "/usr/lib/apache2/modules"

    def available(self):
        if super().available() and not os.path.exists(self.modules + "/mod_mpm_event.so"):
            self.reason = "no mod_mpm_event.so in " + self.modules
        return not self.reason

    def prepare(self):
        www = os.path.join(self.dir, "www")
        os.mkdir(www, 0o755)
        self.file("www/index.html", "ok\n")
        self.file("www/big", "0123456789" * 10000)
        lines = [f'LoadModule {name}_module "{self.modules}/mod_{name}.so"'
                 for name in ("mpm_event", "authz_core", "dir", "unixd")
                 if os.path.exists(f"{self.modules}/mod_{name}.so")]
        lines += [f'ServerRoot "{self.dir}"', f'DocumentRoot "{www}"', "ServerName lab",
                  f'PidFile "{self.dir}/pid"', f'DefaultRuntimeDir "{self.dir}"',
                  "ErrorLog /dev/stderr", "User www-data",
                  "Group www-data", "DirectoryIndex index.html",
                  f"Listen 0.0.0.0:{self.port}", f"Listen [::]:{self.port}",
                  f'<Directory "{www}">', "Require all granted", "</Directory>"]
        conf = self.file("apache.conf", "\n".join(lines) + "\n")
        before = as_user(33) if only_root_is_mapped() else []
        return before + ["apache2", "-X", "-d", self.dir, "-f", conf]


class Sshd(Server):
    """OpenSSH with a host key of its own; nobody can log in."""

    name = command = "sshd"
    request, reply = b"", b"SSH-2.0-"
    version_args = ["-V"]

    def __init__(self, port=2222):
        super().__init__(port)

    def available(self):
        if super().available() and not shutil.which("ssh-keygen"):
            self.reason = "ssh-keygen is not installed"
        return not self.reason

    def prepare(self):
        key = os.path.join(self.dir, "key")
        lab.sh(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
        conf = self.file("sshd.conf", "\n".join([
            f"Port {self.port}", "ListenAddress 0.0.0.0", "ListenAddress ::", f"HostKey {key}",
            "PidFile none", "UsePAM no", "UseDNS no", "PasswordAuthentication no",
            "AuthorizedKeysFile none", "MaxStartups 4096"]) + "\n")
        before = as_user(1000) if only_root_is_mapped() else []
        return before + [shutil.which("sshd"), "-D", "-e", "-f", conf]


class Redis(Server):
    name, command = "redis", "redis-server"
    request, reply = b"PING\r\n", b"+PONG"

    def __init__(self, port=6379, timeout_s=0):
        """timeout_s: it closes idle clients after that time."""
        super().__init__(port)
        self.timeout_s = timeout_s

    def prepare(self):
        conf = self.file("redis.conf", "\n".join([
            f"port {self.port}", "bind 0.0.0.0 ::", "protected-mode no", 'save ""',
            "appendonly no", "daemonize no", f"dir {self.dir}", f"timeout {self.timeout_s}",
            'logfile ""']) + "\n")
        return ["redis-server", conf]


class Memcached(Server):
    name = command = "memcached"
    request, reply = b"version\r\n", b"VERSION"

    def __init__(self, port=11211):
        super().__init__(port)

    def prepare(self):
        return ["memcached", "-p", str(self.port), "-U", "0", "-l", "0.0.0.0,::", "-u", "root",
                "-t", "1", "-m", "16"]


class PythonHttp(Server):
    """python3 -m http.server: HTTP/1.0, so the server closes first."""

    name, command = "python-http", "/usr/bin/python3"

    def prepare(self):
        self.file("index.html", "ok\n")
        return [self.command, "-m", "http.server", str(self.port), "--bind", "::",
                "--directory", self.dir]


class Node(Server):
    """What the two servers in node share."""

    command = "node"
    script = ""

    def prepare(self):
        return ["node", self.file("server.js", self.script.replace("PORT", str(self.port)))]


class NodeHttp(Node):
    name = "node-http"
    script = """
require("http").createServer((request, response) => response.end("ok\\n")).listen(PORT, "::");
"""


class NodeHalfOpen(Node):
    """A socket server that goes on sending after the client's FIN: data, then its own FIN."""

    name = "node-half-open"
    request, reply = b"hello\n", b"hello\n"
    script = """
require("net").createServer({allowHalfOpen: true}, (socket) => {
  socket.on("error", () => {});
  socket.on("data", (data) => socket.write(data));
  socket.on("end", () => setTimeout(() => socket.end("bye\\n"), 50));
}).listen(PORT, "::");
"""


class Haproxy(Server):
    """haproxy: port is http mode (answers itself), port + 1 tcp mode in front of it, port + 2 tcp
    mode in front of nothing."""

    name = command = "haproxy"
    version_args = ["-v"]

    def ports(self):
        return [self.port, self.port + 1, self.port + 2]

    def prepare(self):
        http, tcp, dead = self.ports()

        def bind(port):
            return f"bind 0.0.0.0:{port}\n  bind [::]:{port} v6only"

        conf = self.file("haproxy.conf", f"""
global
  maxconn 4000
defaults
  timeout connect 3s
  timeout client 60s
  timeout server 60s
frontend web
  mode http
  {bind(http)}
  http-request return status 200 content-type text/plain string "ok"
frontend relay
  mode tcp
  {bind(tcp)}
  default_backend web
backend web
  mode tcp
  server one 127.0.0.1:{http}
frontend nowhere
  mode tcp
  {bind(dead)}
  default_backend nothing
backend nothing
  mode tcp
  server one 127.0.0.1:1
""")
        return ["haproxy", "-db", "-f", conf]


ALL = [Nginx, Apache, Sshd, Redis, Memcached, PythonHttp, NodeHttp, NodeHalfOpen, Haproxy]
