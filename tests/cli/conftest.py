from tests.api.engines import engine

__all__ = ["engine"]
