# SPDX-License-Identifier: Apache-2.0
"""What an operator sets arrives, and what is wrong is told where it stands."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from oslo_config import cfg, generator

from notifier import settings
from notifier.errors import SettingsError
from notifier.settings import Settings, load, masked

SAMPLE = Path(__file__).parents[2] / "etc/notifier/notifier.conf.sample"


@pytest.fixture
def conf(tmp_path):
    path = tmp_path / "notifier.conf"

    def write(text: str) -> Path:
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture(autouse=True)
def _no_usual_files(monkeypatch, tmp_path):
    monkeypatch.setattr(settings, "USER_FILE", tmp_path / "user.conf")
    monkeypatch.setattr(settings, "SYSTEM_FILE", tmp_path / "system.conf")


def test_without_a_file_and_a_variable_all_is_default():
    assert load(environ={}) == Settings()


def test_every_setting_of_a_file_arrives(conf):
    path = conf(
        "[bus]\nurl = amqps://me:pw@broker/acme\nexchange = other\n"
        "bridge_queue = mine\npool_size = 3\nqueue_type = classic\n"
        "on_unroutable = ignore\n"
        "timeout_seconds = 0.5\n[http]\nurl = http://bridge:8990/\n"
        "[notifier]\nsource = /engine\nproject = acme\non_error = raise\n"
        "[outbox]\nurl = sqlite:////engine.db\ntable = engine.outbox\n"
    )

    loaded = load(path, environ={})

    assert loaded == Settings(
        bus=settings.Bus(
            url="amqps://me:pw@broker/acme",
            exchange="other",
            bridge_queue="mine",
            on_unroutable="ignore",
            pool_size=3,
            queue_type="classic",
            timeout=timedelta(seconds=0.5),
        ),
        http_url="http://bridge:8990",
        source="/engine",
        project="acme",
        on_error="raise",
        outbox=settings.Outbox(url="sqlite:////engine.db", table="engine.outbox"),
    )


@pytest.mark.parametrize(
    ("text", "queue"),
    [("true", "bridge"), ("on", "bridge"), ("no", None), ("0", None), ("q.1", "q.1")],
)
def test_the_bridges_queue_is_a_name_or_a_switch(conf, text, queue):
    path = conf(f"[bus]\nbridge_queue = {text}\n")

    assert load(path, environ={}).bus.bridge_queue == queue


def test_database_url_wins_over_the_file(conf):
    path = conf("[outbox]\nurl = postgresql://file/engine\n")
    environ = {"DATABASE_URL": "postgresql://wins/engine"}

    assert load(path, environ=environ).outbox.url == "postgresql://wins/engine"


def test_amqp_url_wins_over_the_file_and_over_oslos_variable(conf):
    path = conf("[bus]\nurl = amqp://file\n")
    environ = {"OS_BUS__URL": "amqp://oslo", "AMQP_URL": "amqp://wins"}

    assert load(path, environ=environ).bus.url == "amqp://wins"


def test_oslos_variable_wins_over_the_file(conf):
    path = conf("[bus]\nurl = amqp://file\npool_size = 2\n")
    environ = {"OS_BUS__URL": "amqp://oslo", "OS_BUS__POOL_SIZE": "4"}

    loaded = load(path, environ=environ)

    assert (loaded.bus.url, loaded.bus.pool_size) == ("amqp://oslo", 4)


def test_an_empty_amqp_url_means_no_broker():
    assert load(environ={"AMQP_URL": ""}).bus.url is None


def test_the_bridge_is_named_as_it_is_for_the_other_command():
    environ = {"OS_HTTP__URL": "http://oslo:1", "BRIDGE_URL": "http://wins:8991/"}

    assert load(environ=environ).http_url == "http://wins:8991"


def test_the_environment_of_the_process_is_the_default(monkeypatch):
    monkeypatch.setenv("AMQP_URL", "amqp://process")

    assert load().bus.url == "amqp://process"


def test_the_users_file_is_before_the_systems():
    settings.SYSTEM_FILE.write_text("[notifier]\nsource = /system\n")
    settings.USER_FILE.write_text("[notifier]\nsource = /user\n")

    assert load(environ={}).source == "/user"


def test_notifier_conf_is_before_the_users_file(conf):
    settings.USER_FILE.write_text("[notifier]\nsource = /user\n")
    path = conf("[notifier]\nsource = /named\n")

    assert load(environ={"NOTIFIER_CONF": str(path)}).source == "/named"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[bus]\n\npool_size = x\n", ":3: [bus] pool_size must be a number from 1"),
        ("[bus]\npool_size = 0\n", ":2: [bus] pool_size must be a number from 1 to 64"),
        (
            "[bus]\nbridge_queue = amq.x\n",
            ":2: [bus] bridge_queue must be a name of a queue, or true, or false",
        ),
        (
            "[bus]\ntls_ca_file = /no\n",
            ":2: [bus] tls_ca_file must be a file that can be read",
        ),
        ("[bus]\nqueue_type=x\n", ":2: [bus] queue_type must be quorum or classic"),
        ("[http]\nurl: ftp://x\n", ":2: [http] url must be a URL such as http://host"),
        ("[bus]\nurl = amqp://h:port\n", ":2: [bus] url must be a URL such as amqp://"),
        ("[bus]\nexchagne = x\n", ":2: [bus] has no setting exchagne; did you mean ex"),
        ("[bus]\nzzzzzzzz = x\n", ":2: [bus] has no setting zzzzzzzz"),
        ("[bus]\nurl = amqp://u:$x@h\n", ":2: [bus] url holds a $ that stands for no"),
        ("[bus\n", ":1: Invalid section"),
        ("[bus]\nurl amqp//me\n", ":2: No ':' or '=' found"),
    ],
    ids=lambda value: value.replace("\n", "|"),
)
def test_a_wrong_setting_is_named_with_file_line_and_what_is_right(
    conf, text, expected
):
    path = conf(text)

    with pytest.raises(SettingsError) as caught:
        load(path, environ={})

    assert str(caught.value).startswith(f"{path}{expected}")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"BRIDGE_URL": "amqp://h"}, "BRIDGE_URL must be a URL such as http://host"),
        ({"AMQP_URL": "http://h"}, "AMQP_URL must be a URL such as amqp://host"),
        ({"OS_BUS__POOL_SIZE": "x"}, "OS_BUS__POOL_SIZE: [bus] pool_size must be"),
        ({"NOTIFIER_CONF": "/no/file"}, "/no/file: there is no such file"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_variable_is_named(environ, expected):
    with pytest.raises(SettingsError) as caught:
        load(environ=environ)

    assert str(caught.value).startswith(expected)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "notifier.conf"
    path.write_bytes(b"[bus]\nurl = \xff\xfe\n")

    with pytest.raises(SettingsError, match="cannot be read as UTF-8 text"):
        load(path, environ={})


def test_sections_of_other_programs_are_left_alone(conf):
    path = conf("[DEFAULT]\ndebug = true\n[bridge]\nport = 1\n")

    assert load(path, environ={}) == Settings()


def test_a_refused_url_is_not_repeated(conf):
    path = conf("[bus]\nurl = ampq://me:secret@broker\n")

    with pytest.raises(SettingsError) as caught:
        load(path, environ={})

    assert "secret" not in str(caught.value)


def test_a_password_is_not_shown(conf):
    loaded = load(conf("[bus]\nurl = amqp://me:secret@broker\n"), environ={})

    assert "secret" not in repr(loaded)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("amqp://me:a@b@broker/acme", "amqp://me:***@broker/acme"),
        ("amqp://:pw@broker", "amqp://:***@broker"),
        ("http://127.0.0.1:8990/a@b", "http://127.0.0.1:8990/a@b"),
    ],
)
def test_a_masked_url_has_no_password(url, shown):
    assert masked(url) == shown


def test_the_sample_is_current():
    config = cfg.ConfigOpts()
    generator.register_cli_opts(config)
    config(["--namespace", "notifier"], default_config_files=[])
    generated = io.StringIO()

    generator.generate(config, generated)

    assert SAMPLE.read_text("utf-8") == generated.getvalue(), (
        "run: oslo-config-generator --namespace notifier --output-file "
        "etc/notifier/notifier.conf.sample"
    )
