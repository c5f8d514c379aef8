"""The table of verify return codes."""

from __future__ import annotations

from capath.tls.handshake.verify_codes import VerifyCode


def test_pyopenssl_and_the_table_agree_on_every_name_they_share() -> None:
    from OpenSSL import _util

    for code in VerifyCode:
        number = getattr(_util.lib, code.openssl_name, None)
        assert number in (None, code)


def test_the_texts_are_those_of_openssl() -> None:
    from OpenSSL import _util

    for code in VerifyCode:
        text = _util.ffi.string(_util.lib.X509_verify_cert_error_string(code.value)).decode()
        assert code.text == text


def test_all_codes_up_to_the_newest_are_there() -> None:
    assert [code.value for code in VerifyCode] == list(range(104))


def test_a_code_of_the_future_has_an_honest_name() -> None:
    code = VerifyCode(250)
    assert (code, code.openssl_name) == (250, "X509_V_ERR_250")
    assert code.text == "unknown certificate verification error"


def test_a_code_prints_as_its_number() -> None:
    assert f"{VerifyCode.HOSTNAME_MISMATCH} {VerifyCode(250)!s}" == "62 250"
