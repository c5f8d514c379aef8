"""Plain classes as values, for what every start defines: a frozen dataclass costs a millisecond to define."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    _Class = TypeVar("_Class")


def value_class(cls: type[_Class]) -> type[_Class]:
    """Give the slotted class `cls` equality, a hash and a representation by its slots, as a dataclass has them."""
    names: tuple[str, ...] = cls.__slots__  # type: ignore[attr-defined]

    def fields(of: object) -> tuple[object, ...]:
        return tuple(getattr(of, name) for name in names)

    def equal(self: object, other: object) -> bool:
        return type(other) is cls and fields(self) == fields(other)

    def shown(self: object) -> str:
        return f"{cls.__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    cls.__eq__ = equal  # type: ignore[method-assign]
    cls.__hash__ = lambda self: hash(fields(self))  # type: ignore[method-assign]
    cls.__repr__ = shown  # type: ignore[method-assign]
    return cls
