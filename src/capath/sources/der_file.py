"""DER files: one certificate, or several in sequence."""

from __future__ import annotations

from dataclasses import dataclass

from capath.errors import ParseError
from capath.pki import tlv
from capath.sources.decode import item_from_der
from capath.sources.item import Reading, Refused


@dataclass(frozen=True, slots=True)
class DerSource:
    """The certificates of a DER file's content."""

    title: str
    data: bytes

    def read(self) -> Reading:
        at, number = 0, 0
        while at < len(self.data):
            number += 1
            origin = self.title if number == 1 else f"{self.title} certificate {number}"
            try:
                _, _, stop = tlv.header(self.data, at, len(self.data))
            except ParseError as error:
                yield Refused(origin, f"not DER at byte {at}: {error}")
                return
            yield item_from_der(self.data[at:stop], origin)
            at = stop
