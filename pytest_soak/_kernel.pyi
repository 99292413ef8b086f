from typing_extensions import Buffer

__all__ = ["__version__", "replay", "simulate"]

__version__: str

def simulate(spec: str) -> str: ...
def replay(spec: str, events: Buffer) -> str: ...
