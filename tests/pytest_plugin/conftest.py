"""What the plugin imports late is imported here: pytester forgets what an inner run imported, and
libraries with parts in C do not bear being imported twice.
"""

from importlib import import_module

for each in ("collecting", "looping", "outcome", "runs"):
    import_module(f"evalkit.pytest_plugin.{each}")
for each in ("evalkit.store.figures", "evalkit.testing", "pandas", "pyarrow.parquet", "httpx"):
    import_module(each)
