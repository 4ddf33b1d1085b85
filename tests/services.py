"""Real servers for tests: each private to the test run, on a free port, in a folder of its own, gone at its end.

A missing server is installed where that is possible (Debian, as root); elsewhere a test fails and says what it needs:
a proof against PostgreSQL that was skipped would look like one that passed.
"""

from __future__ import annotations

import asyncio
import glob
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aio_pika
import psutil
import psycopg2
import redis
import requests
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Servers refuse to run as root or should not: in a container's root shell they run as one of these.
_USERS = ("postgres", "nobody")


def free_port(following: int = 1) -> int:
    """The first of so many free ones."""
    while True:
        with ExitStack() as stack:
            probes = [stack.enter_context(socket.socket()) for _ in range(following)]
            probes[0].bind(("127.0.0.1", 0))
            first = probes[0].getsockname()[1]
            try:
                for number, probe in enumerate(probes[1:], 1):
                    probe.bind(("127.0.0.1", first + number))
            except (OSError, OverflowError):
                continue
            return first


def find_or_install(binary: str, package: str, places: str) -> Path:
    """The path of a server program: on PATH, in `places` (a glob for folders), or installed from its Debian package."""
    for attempt in ("present", "installed"):
        on_path = shutil.which(binary)
        found = [on_path] if on_path else sorted(glob.glob(f"{places}/{binary}"))
        if found:
            return Path(found[-1]).resolve()
        if attempt == "present" and os.geteuid() == 0 and shutil.which("apt-get"):
            quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(["apt-get", "update", "-q"], env=quiet, check=True, capture_output=True)
            subprocess.run(
                ["apt-get", "install", "-qy", "--no-install-recommends", package],
                env=quiet,
                check=True,
                capture_output=True,
            )
    raise RuntimeError(f"These tests need {binary}. Install it, on Debian: sudo apt-get install {package}")


class Server:
    """A server process and its folder, as a user that is not root."""

    def __init__(self, name: str) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"kuanxin-{name}-"))
        self._as: dict[str, object] = {}
        if os.geteuid() == 0:
            user = next(entry for entry in pwd.getpwall() if entry.pw_name in _USERS)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    def run(self, *command: object) -> None:
        subprocess.run([str(part) for part in command], check=True, capture_output=True, cwd=self.folder, **self._as)

    def start(self, *command: object, ready: Callable[[], bool], seconds: float = 30) -> None:
        log = (self.folder / "server.log").open("wb")
        self._process = subprocess.Popen(
            [str(part) for part in command], cwd=self.folder, stdout=log, stderr=log, **self._as
        )
        deadline = time.monotonic() + seconds
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} did not start:\n{(self.folder / 'server.log').read_text()}")
            time.sleep(0.05)

    def freeze(self) -> None:
        """It goes on to hold its connections and answers nothing, until `thaw`."""
        for process in self._all():
            process.suspend()

    def thaw(self) -> None:
        for process in self._all():
            process.resume()

    def _all(self) -> list[psutil.Process]:
        first = psutil.Process(self._process.pid)
        return [first, *first.children(recursive=True)]

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self._process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis(Server):
    """In memory only. `end` and `start_again` are what an outage is: the port stays the same."""

    def __init__(self) -> None:
        # by its own name: Debian's is a link to a program that looks at the name it was called by
        self._program = find_or_install("redis-server", "redis-server", "/usr/bin").parent / "redis-server"
        super().__init__("redis")
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start_again()

    def start_again(self) -> None:
        options = ("--port", self.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        self.start(self._program, *options, ready=self._answers)

    def end(self) -> None:
        """Away, as after a crash."""
        self._process.kill()
        self._process.wait(timeout=15)

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


class RabbitMQ(Server):
    """A node of its own with its port mapper (epmd); `end` and `start_again` are what an outage is: the port and what
    was confirmed stay.
    """

    def __init__(self) -> None:
        found = find_or_install("rabbitmq-server", "rabbitmq-server", "/usr/lib/rabbitmq/bin")
        self._program = found.parent / "rabbitmq-server"  # Debian's on PATH leads to a wrapper for one user
        super().__init__("rabbitmq")
        self.url = f"amqp://kuanxin:rabbitmq-canary@127.0.0.1:{self.port}/"
        (self.folder / "rabbitmq.conf").write_text("default_user = kuanxin\ndefault_pass = rabbitmq-canary\n", "utf-8")
        self._epmd_port = str(free_port())
        self._as["env"] = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),  # of the cookie
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": self._epmd_port,
            "RABBITMQ_NODENAME": f"kuanxin{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder),
            "RABBITMQ_LOGS": "-",
        }
        self.start_again()

    def start_again(self) -> None:
        self.start(self._program, ready=self._answers)

    def end(self) -> None:
        """Away, as after a crash."""
        for process in self._all():
            process.kill()
        self._process.wait(timeout=15)
        while self._answers():
            time.sleep(0.05)

    def stop(self) -> None:
        self.end()
        self.run("epmd", "-port", self._epmd_port, "-kill")
        super().stop()

    def take(self, queue: str) -> list[dict[str, Any]]:
        """The messages that wait in a queue, taken out of it."""
        return asyncio.run(self._take(queue))

    async def _take(self, queue: str) -> list[dict[str, Any]]:
        taken = []
        async with await aio_pika.connect(self.url) as connection:
            channel = await connection.channel()
            waiting = await channel.declare_queue(queue, durable=True)
            while (message := await waiting.get(no_ack=True, fail=False)) is not None:
                taken.append(json.loads(message.body))
        return taken

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Nginx(Server):
    """The proxy of deploy/, with its own text: only addresses and places are those of the test."""

    def __init__(self, *rasa_ports: int) -> None:
        program = find_or_install("nginx", "nginx-light", "/usr/sbin")
        super().__init__("nginx")
        self.url = f"https://127.0.0.1:{self.port}"
        text = (Path(__file__).parents[1] / "deploy" / "nginx" / "kuanxin.conf").read_text("utf-8")
        for theirs, ours in (
            ("server worker:5005", " max_fails=2 fail_timeout=5s; ".join(f"server 127.0.0.1:{p}" for p in rasa_ports)),
            ("listen 8443", f"listen 127.0.0.1:{self.port}"),
            ("/dev/stdout", str(self.folder / "access.log")),
            ("/etc/nginx/tls/tls.crt", str(self.folder / "tls.crt")),
            ("/etc/nginx/tls/tls.key", str(self.folder / "tls.key")),
        ):
            assert text.count(theirs) == 1, theirs
            text = text.replace(theirs, ours)
        (self.folder / "kuanxin.conf").write_text(text, "utf-8")
        temporary = "".join(
            f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        main = f"pid {self.folder}/pid; events {{}} http {{ {temporary} include {self.folder}/kuanxin.conf; }}"
        (self.folder / "nginx.conf").write_text(main, "utf-8")
        self.run(
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", self.folder / "tls.key", "-out", self.folder / "tls.crt"),
        )
        options = ("-e", self.folder / "error.log", "-p", self.folder, "-c", self.folder / "nginx.conf")
        self.start(program, *options, "-g", "daemon off;", ready=self._answers)

    def log(self) -> str:
        return (self.folder / "access.log").read_text("utf-8")

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Prometheus(Server):
    """With the text of deploy/prometheus: only the targets are those of the test, and it looks every second."""

    def __init__(self, targets: list[str]) -> None:
        program = find_or_install("prometheus", "prometheus", "/usr/bin")
        super().__init__("prometheus")
        self.url = f"http://127.0.0.1:{self.port}"
        theirs = Path(__file__).parents[1] / "deploy" / "prometheus"
        text = yaml.safe_load((theirs / "prometheus.yml").read_text("utf-8"))
        text["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        (job,) = text["scrape_configs"]
        del job["dns_sd_configs"]
        job["static_configs"] = [{"targets": targets}]
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(text), "utf-8")
        shutil.copy(theirs / "rules.yml", self.folder)
        self.start(
            program,
            *("--config.file", self.folder / "prometheus.yml", "--storage.tsdb.path", self.folder / "data"),
            *("--web.listen-address", f"127.0.0.1:{self.port}", "--log.level", "warn"),
            ready=self._answers,
        )

    def ask(self, path: str, **parameters: str) -> Any:
        """What its API answers under this path."""
        answer = requests.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=10).json()
        assert answer["status"] == "success", (parameters, answer)
        return answer["data"]

    def value(self, expression: str) -> float | None:
        """The sum of what an expression gives now; None where it gives nothing."""
        found = self.ask("query", query=expression)["result"]
        return sum(float(one["value"][1]) for one in found) if found else None

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/ready", timeout=2).ok
        except requests.RequestException:
            return False


class PostgreSQL(Server):
    """A cluster without durability (it lives as long as the tests), one fresh database for whoever asks.

    `end` and `start_again` are what an outage is: the port and what was committed stay.
    """

    def __init__(self) -> None:
        self._programs = programs = find_or_install("postgres", "postgresql", "/usr/lib/postgresql/*/bin").parent
        super().__init__("postgresql")
        self._numbers = count(1)
        data = self.folder / "data"
        self.run(programs / "initdb", "-D", data, "-U", "kuanxin", "-A", "trust", "-E", "UTF8", "--locale", "C", "-N")
        self.start_again()

    def start_again(self) -> None:
        self.start(
            self._programs / "postgres",
            *("-D", self.folder / "data", "-p", self.port, "-k", self.folder),
            *("-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "full_page_writes=off"),
            ready=self._answers,
        )

    def end(self) -> None:
        """At once, every connection broken, as after a crash; the next start recovers."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(timeout=15)

    def fresh_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        connection = self._connect()
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
        connection.close()
        return f"postgresql://kuanxin@127.0.0.1:{self.port}/{name}"

    def _connect(self):
        return psycopg2.connect(host="127.0.0.1", port=self.port, user="kuanxin", dbname="postgres", connect_timeout=2)

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg2.OperationalError:
            return False
        return True
