import os

from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello():
    return "Hello, World!\n"


@app.get("/healthz")
def healthz():
    return "ok\n"


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=int(os.environ.get("PORT", "5000")))
