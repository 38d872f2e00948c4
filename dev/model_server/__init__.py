"""A model server for laptops and CI: a process of its own that speaks OpenAI's protocol and Anthropic's over real HTTP.

Start it with `python -m dev.model_server --port 8090`. `models.py` lists every model and what it does.
Below `/providers/NAME` it is a provider of its own: `PUT /providers/NAME/failure/503` lets that one refuse everything.
"""
