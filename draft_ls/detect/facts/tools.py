"""Programs that do their work and end, and code that another program runs: neither is deployed as an app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.detect.facts.images import DOCKERFILES

if TYPE_CHECKING:
    from draft_ls.detect.facts import Facts, Subject
    from draft_ls.detect.model import Evidence

COMMAND_LINE = (
    "pypi:click", "pypi:typer", "pypi:docopt", "pypi:fire", "pypi:cliff", "pypi:cyclopts",
    "golang:github.com/spf13/cobra", "golang:github.com/urfave/cli", "golang:github.com/urfave/cli/v2",
    "golang:github.com/urfave/cli/v3", "golang:github.com/alecthomas/kong", "golang:github.com/alecthomas/kingpin/v2",
    "golang:github.com/charmbracelet/bubbletea",
    "cargo:clap", "cargo:structopt", "cargo:argh", "cargo:pico-args", "cargo:lexopt", "cargo:ratatui",
    "nuget:System.CommandLine", "nuget:Spectre.Console.Cli", "nuget:CommandLineParser", "nuget:Cocona",
    "maven:info.picocli:picocli", "maven:com.github.ajalt.clikt:clikt", "maven:com.github.ajalt.clikt:clikt-jvm",
    "maven:com.beust:jcommander", "maven:com.github.scopt:scopt", "maven:commons-cli:commons-cli",
    "swift:swift-argument-parser", "gem:thor", "gem:tty-prompt", "hackage:optparse-applicative",
    "npm:commander", "npm:yargs", "npm:@oclif/core", "npm:inquirer", "npm:ink",
)  # fmt: skip
"""Packages by which a program takes its orders from a command line, or a terminal."""

LASTING = (
    "pypi:celery", "pypi:discord.py", "pypi:py-cord", "pypi:nextcord", "pypi:aiogram", "pypi:python-telegram-bot",
    "pypi:pytelegrambotapi", "pypi:telethon", "pypi:pyrogram", "pypi:apscheduler", "pypi:schedule", "pypi:pika",
    "pypi:kafka-python", "pypi:aiokafka", "pypi:confluent-kafka", "pypi:rq", "pypi:dramatiq", "pypi:slack-bolt",
    "pypi:paho-mqtt", "pypi:nats-py", "pypi:kopf", "pypi:faststream", "pypi:temporalio", "pypi:watchdog",
    "pypi:prometheus-client", "pypi:websockets", "pypi:fastmcp", "pypi:mcp",
    "golang:github.com/bwmarrin/discordgo", "golang:github.com/nats-io/nats.go", "golang:github.com/hibiken/asynq",
    "golang:github.com/segmentio/kafka-go", "golang:github.com/ibm/sarama", "golang:github.com/robfig/cron/v3",
    "golang:github.com/rabbitmq/amqp091-go", "golang:sigs.k8s.io/controller-runtime",
    "golang:github.com/eclipse/paho.mqtt.golang", "golang:go.temporal.io/sdk", "golang:github.com/slack-go/slack",
    "golang:github.com/prometheus/client_golang", "golang:google.golang.org/grpc",
    "cargo:serenity", "cargo:poise", "cargo:twilight-gateway", "cargo:teloxide", "cargo:lapin", "cargo:rdkafka",
    "cargo:async-nats", "cargo:tonic", "cargo:rumqttc", "cargo:kube", "cargo:tokio-cron-scheduler", "cargo:hyper",
    "cargo:tokio-tungstenite", "cargo:quinn",
    "nuget:Microsoft.Extensions.Hosting", "nuget:Discord.Net", "nuget:DSharpPlus",
    "gem:sidekiq", "gem:discordrb", "gem:telegram-bot-ruby", "gem:rufus-scheduler", "gem:bunny",
)  # fmt: skip
"""Packages of programs that run on and on: bots, workers, clocks, servers."""

RUN_BY_OTHERS = ("pypi:apache-airflow", "pypi:scrapy", "pypi:dbt-core", "pypi:aws-lambda-powertools")
"""Packages of code that a scheduler or a platform starts."""

_WAITS = (
    r"signal\.Notify\(|signal\.signal\(|tokio::signal|ctrlc::set_handler|loop\.run_forever|serve_forever|time\.Tick\("
    r"|time\.NewTicker\(|schedule\.every|sd_notify|while True:|\bListenAndServe|net\.Listen\(|TcpListener|UdpSocket"
)
_FUNCTIONS = (
    ("serverless.yml", r"^provider:"),
    ("template.yaml", r"AWS::Serverless"),
    ("wrangler.toml", r"^main\s*="),
    ("wrangler.json", r'"main"\s*:'),
    ("wrangler.jsonc", r'"main"\s*:'),
)
_HANDLER = r"^def \w*handler\(event, _?context"
_SOURCES = ("**/*.py", "**/*.go", "**/*.rs")
_DEPLOYED = (
    "Procfile",
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
    "fly.toml",
)

FILE_LIMIT = 60
"""How many source files are asked whether they wait for something."""


def _function(subject: Subject, facts: Facts) -> Evidence | None:
    """What says that a cloud runs it as a function, and nothing that it is started otherwise."""
    sources = subject.sources
    if facts.start is None:
        for path, sign in _FUNCTIONS:
            match = sources.find(path, sign)
            if match:
                return sources.evidence(path, match)
    script = facts.start.value[-1] if facts.start and facts.start.value[:1] == ("python",) else ""
    handler = sources.find(script, _HANDLER) if facts.port is None and facts.framework is None else None
    return sources.evidence(script, handler) if handler else None


def ends(subject: Subject, facts: Facts) -> tuple[Evidence, ...]:
    """What says that a program does its work and ends, or that something else runs it; empty if nothing does."""
    sources = subject.sources
    function = _function(subject, facts)
    if function:
        return (function,)
    if facts.port or facts.framework or sources.first(*DOCKERFILES, *_DEPLOYED) or subject.depends(*LASTING):
        return ()
    hosted = subject.depends(*RUN_BY_OTHERS) if facts.start is None else None
    if hosted:
        return (hosted,)
    packed = [path for path in sources.matching("*.csproj") if sources.find(path, r"<PackAsTool>\s*true")]
    if packed:
        return (sources.evidence(packed[0], sources.find(packed[0], r"<PackAsTool>\s*true")),)
    tool = subject.depends(*COMMAND_LINE)
    if tool is None:
        return ()
    paths = [path for pattern in _SOURCES for path in sources.matching(pattern)][:FILE_LIMIT]
    return () if next(sources.search(paths, _WAITS), None) else (tool,)
