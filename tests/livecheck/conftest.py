"""People of every role, as the tests of the sign-in have them."""

from tests.signin.conftest import people

__all__ = ["people"]
