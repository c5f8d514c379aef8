"""The table of verify return codes."""

from __future__ import annotations

from capath.tls.handshake.verify_codes import all_verify_codes, verify_code


def test_pyopenssl_and_the_table_agree_on_every_name_they_share() -> None:
    from OpenSSL import _util

    for code in all_verify_codes():
        number = getattr(_util.lib, code.name, None)
        assert number in (None, code.number)


def test_the_texts_are_those_of_openssl() -> None:
    from OpenSSL import _util

    for code in all_verify_codes():
        text = _util.ffi.string(_util.lib.X509_verify_cert_error_string(code.number)).decode()
        assert code.text == text


def test_all_codes_up_to_the_newest_are_there() -> None:
    assert [code.number for code in all_verify_codes()] == list(range(104))


def test_a_code_of_the_future_has_an_honest_name() -> None:
    assert verify_code(250).name == "X509_V_ERR_250"
