"""The JSON Schema (draft 2020-12) of each command's ``--json``.

Every field that is named is always there, null where it may be null. New fields may come; names and types stay.
"""

from __future__ import annotations

from typing import Any

from capath.audit import RULE_IDS, Severity
from capath.diagnosis.cause import Cause, Confidence, RemedyKind
from capath.report.document import SCHEMA_VERSION
from capath.store.link_health import LinkState
from capath.tls.result import AttemptOutcome, OutcomeName, Profile

Schema = dict[str, Any]
_VERSIONED: Schema = {
    "type": "object",
    "properties": {"schema_version": {"const": SCHEMA_VERSION}},
    "required": ["schema_version"],
}

_STRING: Schema = {"type": "string"}
_BOOLEAN: Schema = {"type": "boolean"}
_INTEGER: Schema = {"type": "integer"}
_NUMBER: Schema = {"type": "number"}
_SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_SHA1: Schema = {"type": "string", "pattern": "^[0-9a-f]{40}$"}
_HASH: Schema = {"type": "string", "pattern": "^[0-9a-f]{8}$"}
_MOMENT: Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"}
_DATE: Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _null_or(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _one_of(*values: str) -> Schema:
    return {"enum": list(values)}


_MAYBE_STRING = _null_or(_STRING)
_PROBLEM = _object(rule=_one_of(*sorted(RULE_IDS)), severity=_one_of(*Severity), text=_STRING)
_CERTIFICATE = {
    "file": _STRING,
    "subject": _STRING,
    "issuer": _STRING,
    "serial": {"type": "string", "pattern": "^-?[0-9a-f]+$"},
    "sha256": _SHA256,
    "sha1": _SHA1,
    "subject_hash": _HASH,
    "old_hash": _HASH,
    "links": _array(_STRING),
    "state": _one_of("trusted", "untrusted"),
    "readers": _object(**{"openssl": _BOOLEAN, "all-files": _BOOLEAN, "bundle": _null_or(_BOOLEAN)}),
    "why": _STRING,
    "not_before": _null_or(_MOMENT),
    "not_after": _null_or(_MOMENT),
    "key": _object(type=_STRING, bits=_null_or(_INTEGER), curve=_MAYBE_STRING),
    "signature_algorithm": _STRING,
    "is_ca": _BOOLEAN,
    "self_signed": _BOOLEAN,
    "trust": _object(trusted_uses=_array(_STRING), rejected_uses=_array(_STRING)),
    "problems": _array(_PROBLEM),
}
_CRL = _object(
    file=_STRING,
    issuer=_STRING,
    sha256=_SHA256,
    sha1=_SHA1,
    issuer_hash=_HASH,
    links=_array(_STRING),
    this_update=_null_or(_MOMENT),
    next_update=_null_or(_MOMENT),
    revoked_count=_INTEGER,
)
_VERIFY_ERROR = _object(code=_INTEGER, name=_STRING, text=_STRING, depth=_INTEGER)
_CHAIN_ELEMENT = {
    "subject": _STRING,
    "issuer": _STRING,
    "sha256": _SHA256,
    "not_before": _null_or(_MOMENT),
    "not_after": _null_or(_MOMENT),
    "from": _one_of("server", "capath"),
    "link": _MAYBE_STRING,
}
_VERIFICATION = {
    "verify": _null_or(_VERIFY_ERROR),
    "errors": _array(_VERIFY_ERROR),
    "chain": _array(_object(**_CHAIN_ELEMENT)),
    "sent": _array(_object(subject=_STRING, sha256=_SHA256)),
    "anchor": _null_or(_object(file=_STRING, link=_STRING, sha256=_SHA256)),
    "lookups": _array(_object(subject=_STRING, hash=_HASH, tried=_array(_STRING), found=_MAYBE_STRING)),
}
_REMEDY = _object(
    action=_one_of(*RemedyKind),
    text=_STRING,
    command=_MAYBE_STRING,
    operand=_MAYBE_STRING,
    tested=_null_or(_one_of("verified", "rejected")),
    tested_text=_MAYBE_STRING,
)
_CAUSE_FOUND = {
    "cause": _one_of(*Cause),
    "text": _STRING,
    "confidence": _one_of(*Confidence),
    "remedies": _array(_REMEDY),
}
_DIAGNOSIS = _null_or(_object(**_CAUSE_FOUND, also=_array(_object(**_CAUSE_FOUND))))
_OPINIONS = _array(_object(client=_STRING, limit=_STRING, root=_SHA256, text=_STRING, source=_STRING))
_FETCHED = _object(
    verified=_BOOLEAN,
    problem=_MAYBE_STRING,
    certificates=_array(_object(url=_STRING, subject=_STRING, sha256=_SHA256, pem=_STRING)),
)
_RESULT = _object(
    host=_STRING,
    port=_INTEGER,
    servername=_MAYBE_STRING,
    outcome=_one_of(*OutcomeName),
    **_VERIFICATION,
    sent_chain_notes=_array(
        _object(note=_STRING, subject=_STRING, sha256=_SHA256, position=_INTEGER, text=_STRING)
    ),
    opinions=_OPINIONS,
    environment=_array(_object(variable=_STRING, value=_STRING, affects=_array(_STRING), text=_STRING)),
    fetched_intermediates=_null_or(_FETCHED),
    session=_null_or(_object(protocol=_STRING, cipher=_STRING, group=_MAYBE_STRING, alpn=_MAYBE_STRING)),
    clients={
        "type": "object",
        "additionalProperties": _object(ok=_null_or(_BOOLEAN), error=_MAYBE_STRING),
    },
    profiles=_array(_object(profile=_one_of(*Profile), ok=_BOOLEAN, verify=_null_or(_VERIFY_ERROR))),
    timings_ms=_object(dns=_null_or(_NUMBER), connect=_null_or(_NUMBER), handshake=_null_or(_NUMBER)),
    addresses=_array(
        _object(address=_STRING, outcome=_one_of(*AttemptOutcome), text=_STRING, elapsed_ms=_null_or(_NUMBER))
    ),
    client_certificate_requested=_BOOLEAN,
    client_certificate_sent=_BOOLEAN,
    ocsp_staple=_BOOLEAN,
    ocsp=_null_or(_object(status=_MAYBE_STRING)),
    starttls=_MAYBE_STRING,
    proxy=_MAYBE_STRING,
    directory=_STRING,
    tested_at=_MOMENT,
    diagnosis=_DIAGNOSIS,
)
_OFFLINE = _object(
    subject=_STRING,
    sha256=_SHA256,
    directory=_STRING,
    hostname=_MAYBE_STRING,
    purpose=_MAYBE_STRING,
    at=_MOMENT,
    outcome=_one_of("verified", "rejected"),
    **_VERIFICATION,
    openssl=_array(_object(version=_STRING, verify=_VERIFY_ERROR)),
    opinions=_OPINIONS,
    diagnosis=_DIAGNOSIS,
)
_OPERATION = {"type": "object", "properties": {"op": _STRING}, "required": ["op"]}
_PLAN = {
    "directory": _STRING,
    "summary": _STRING,
    "applied": _BOOLEAN,
    "operations": _array(_OPERATION),
    "gained": _array(_SHA256),
    "lost": _array(_SHA256),
    "refusals": _array(_object(name=_STRING, reason=_STRING, remedy=_STRING)),
    "notes": _array(_STRING),
}
_CHANGE = _object(
    number=_INTEGER,
    at=_MOMENT,
    summary=_STRING,
    state=_STRING,
    undoes=_null_or(_INTEGER),
    operations=_array(_OPERATION),
)
_FINDING = _object(
    rule=_one_of(*sorted(RULE_IDS)),
    severity=_one_of(*Severity),
    subject=_object(kind=_one_of("directory", "file", "link", "certificate"), name=_STRING),
    text=_STRING,
    evidence=_STRING,
    remedy=_STRING,
    source=_STRING,
    list_date=_null_or(_DATE),
)
_MEMBER = {
    "sha256": _SHA256,
    "label": _STRING,
    "trusted": _BOOLEAN,
    "distrust_after": _null_or(_MOMENT),
    "constraints": _MAYBE_STRING,
}
_LIMITS = _object(distrust_after=_null_or(_MOMENT), constraints=_MAYBE_STRING)
_SIDE = _object(title=_STRING, certificates=_INTEGER, trusted=_INTEGER)
_ONLY = _object(**_MEMBER, same_key_there=_array(_SHA256))
_OPINION = _object(accepts=_null_or(_BOOLEAN), cause=_MAYBE_STRING, text=_MAYBE_STRING)
_BACKGROUND = _object(
    organisation=_STRING,
    **{name: _array(_SHA256) for name in ("children", "reissues", "cross_signs", "namesakes", "issuers")},
    mozilla=_object(state=_one_of("never-included", "included", "removed", "distrusted"), list_date=_DATE),
    distrust_after=_null_or(_MOMENT),
    constraints=_MAYBE_STRING,
    lists=_array(_STRING),
)

_RULE = _object(rule=_STRING, severity=_one_of(*Severity), title=_STRING, source=_STRING)
_AUDIT = _object(
    directory=_STRING,
    certificates=_INTEGER,
    trusted=_INTEGER,
    counts=_object(error=_INTEGER, warning=_INTEGER, info=_INTEGER),
    findings=_array(_FINDING),
    switched_off=_array(_object(rule=_STRING, reason=_STRING)),
    accepted=_array(
        _object(rule=_STRING, sha256=_null_or(_SHA256), name=_MAYBE_STRING, reason=_STRING, used=_BOOLEAN)
    ),
)

_COMMANDS: dict[str, Schema] = {
    "list": _object(
        directory=_STRING,
        certificates=_array(_object(**_CERTIFICATE)),
        crls=_array(_CRL),
        skipped=_array(_object(file=_STRING, reason=_STRING)),
    ),
    "show": _object(
        **_CERTIFICATE,
        extensions=_array(_object(name=_STRING, critical=_BOOLEAN, lines=_array(_STRING))),
        background=_BACKGROUND,
        pem=_STRING,
    ),
    "links": _object(
        links=_array(_object(name=_STRING, target=_MAYBE_STRING, state=_one_of(*LinkState), why=_STRING))
    ),
    "check": {"anyOf": [_AUDIT, _object(rules=_array(_RULE))]},
    "rehash": _object(directories=_array(_object(**_PLAN))),
    "trust": _object(**_PLAN),
    "distrust": _object(**_PLAN),
    "limit": _object(**_PLAN),
    "undo": _object(**_PLAN),
    "redo": _object(**_PLAN),
    "settings": _object(
        path=_STRING,
        exists=_BOOLEAN,
        theme=_STRING,
        glyphs=_one_of("unicode", "ascii"),
        columns=_array(_STRING),
        hosts_file=_MAYBE_STRING,
        keys={"type": "object", "additionalProperties": _array(_STRING)},
        problems=_array(_STRING),
    ),
    "history": _object(directory=_STRING, changes=_array(_CHANGE)),
    "import": _object(
        **_PLAN,
        entries=_array(
            _object(
                outcome=_one_of("new", "new-off", "already-on", "already-off", "left-out", "refused"),
                file=_MAYBE_STRING,
                reason=_MAYBE_STRING,
                origin=_STRING,
            )
        ),
        repeats=_INTEGER,
        limits=_array(
            _object(
                sha256=_SHA256,
                label=_STRING,
                distrust_after=_null_or(_MOMENT),
                constraints=_MAYBE_STRING,
                source=_STRING,
            )
        ),
    ),
    "export": _object(
        directory=_STRING,
        certificates=_array(_SHA256),
        written=_array(_object(kind=_one_of("bundle", "tar", "list", "der"), path=_STRING, octets=_INTEGER)),
    ),
    "diff": _object(
        left=_SIDE,
        right=_SIDE,
        equal=_BOOLEAN,
        same=_INTEGER,
        only_left=_array(_ONLY),
        only_right=_array(_ONLY),
        trust_differs=_array(
            _object(**{**_MEMBER, "trusted": _object(left=_BOOLEAN, right=_BOOLEAN)}),
        ),
        limits_differ=_array(_object(sha256=_SHA256, label=_STRING, left=_LIMITS, right=_LIMITS)),
        beyond=_array(_object(store=_STRING, reference=_STRING, certificates=_array(_object(**_MEMBER)))),
    ),
    "test": _object(
        store=_object(
            directory=_STRING, kind=_STRING, title=_STRING, trust=_array(_STRING), distrust=_array(_STRING)
        ),
        interrupted=_BOOLEAN,
        results=_array(_RESULT),
    ),
    # With one LEAF it is the object itself.
    "verify": {"anyOf": [_OFFLINE, _object(directory=_STRING, results=_array(_OFFLINE))]},
    "minimise": _object(
        directory=_STRING,
        hosts=_array(
            _object(
                host=_STRING,
                outcome=_one_of(*OutcomeName),
                roots=_array(_SHA256),
                alternatives=_array(_array(_SHA256)),
                reason=_MAYBE_STRING,
            )
        ),
        roots=_array(_object(sha256=_SHA256, title=_STRING, file=_STRING)),
        trusted_now=_INTEGER,
        exact=_BOOLEAN,
        plan=_object(**_PLAN),
    ),
    "doctor": _object(
        clients=_array(
            _object(
                client=_STRING,
                title=_STRING,
                executable=_STRING,
                stores=_array(
                    _object(
                        path=_MAYBE_STRING,
                        shape=_STRING,
                        why=_object(source=_STRING),
                        roots=_null_or(_INTEGER),
                        changed_at=_null_or(_MOMENT),
                    )
                ),
                problems=_array(_object(kind=_STRING, text=_STRING, leads_nowhere=_BOOLEAN)),
            )
        ),
        not_understood=_array(_object(client=_STRING, executable=_STRING, reason=_STRING)),
        verdicts=_array(
            _object(
                client=_STRING,
                executable=_STRING,
                host=_STRING,
                port=_INTEGER,
                accepts=_null_or(_BOOLEAN),
                judged=_OPINION,
                proved=_OPINION,
                differs=_BOOLEAN,
                remedy=_null_or(
                    _object(text=_STRING, command=_STRING, fixes=_null_or(_BOOLEAN), said=_STRING, ran=_BOOLEAN)
                ),
            )
        ),
        unreachable=_array(_object(host=_STRING, port=_INTEGER, reason=_STRING)),
    ),
    "demo": _object(
        scenarios=_array(
            _object(
                scenario=_STRING,
                made_to_show=_null_or(_one_of(*Cause)),
                as_made=_BOOLEAN,
                result=_RESULT,
            )
        )
    ),
}
ERROR = _object(
    schema_version={"const": SCHEMA_VERSION},
    error=_object(kind=_one_of("bad-input", "not-changed", "half-changed"), text=_STRING, hint=_MAYBE_STRING),
)
"""What is on standard error, with ``--json``, where a command could not do what was asked."""


def commands_with_json() -> tuple[str, ...]:
    """The commands that have a schema."""
    return tuple(_COMMANDS)


def schema_of(command: str) -> Schema:
    """Return the schema of the object that `command` prints."""
    return _titled(f"capath {command} --json", {"allOf": [_VERSIONED, _COMMANDS[command]]})


def line_schema(command: str) -> Schema:
    """Return the schema of one line of ``--jsonl`` of ``test`` or ``verify``."""
    return _titled(f"capath {command} --jsonl", _RESULT if command == "test" else _OFFLINE)


def _titled(title: str, schema: Schema) -> Schema:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **schema}
