"""An OpenAI-compatible model server for laptops and CI: a process of its own that speaks real HTTP.

Start it with `python -m dev.model_server --port 8090`. `models.py` lists every model and what it does.
"""
