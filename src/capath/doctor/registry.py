"""The clients that the doctor knows: a line each."""

from __future__ import annotations

from capath.doctor.clients import (
    curl,
    git,
    gnutls_cli,
    go,
    httpx,
    java,
    node,
    npm,
    openssl,
    perl,
    php,
    pip,
    python_ssl,
    requests,
    ruby,
    uv,
    wget,
)
from capath.doctor.program import Client

CLIENTS: tuple[Client, ...] = (
    openssl.CLIENT,
    python_ssl.CLIENT,
    requests.CLIENT,
    httpx.CLIENT,
    pip.CLIENT,
    uv.CLIENT,
    curl.CLIENT,
    wget.CLIENT,
    git.CLIENT,
    gnutls_cli.CLIENT,
    node.CLIENT,
    npm.CLIENT,
    go.CLIENT,
    java.CLIENT,
    ruby.CLIENT,
    php.CLIENT,
    perl.CLIENT,
)
