"""How schemathesis sends a component: the bytes as they are."""

import schemathesis


@schemathesis.serializer("application/wasm")
def component(_context, value):
    return bytes(value) if isinstance(value, (bytes, bytearray)) else str(value).encode()
