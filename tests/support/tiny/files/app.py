"""The server inside the tiny chart: it answers, takes uploads, echoes WebSockets, or fails as it is told."""

import asyncio
import base64
import hashlib
import os
import socket
import sys
import time

TEXT, MODE, DELAY = os.environ["TEXT"], os.environ["MODE"], float(os.environ["DELAY"])
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


async def answer(reader, writer):
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            request, *lines = head.decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
            method, path, _ = request.split(" ")
            if headers.get("upgrade") == "websocket":
                await echo(reader, writer, lines)
                return
            body = await respond(method, path, headers, reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
            if headers.get("connection") == "close":
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


async def respond(method, path, headers, reader):
    if path.startswith("/upload"):
        left, digest = int(headers["content-length"]), hashlib.sha256()
        while left:
            data = await reader.read(min(left, 65536))
            digest.update(data)
            left -= len(data)
        return digest.hexdigest().encode()
    if path.startswith("/bytes/"):
        return b"x" * int(path.split("/")[2])
    if path.startswith("/slow/"):
        print("slow request began", flush=True)
        await asyncio.sleep(float(path.split("/")[2]))
    if path == "/pod":
        return socket.gethostname().encode()
    if path == "/exit":
        print("told to exit", flush=True)
        os._exit(3)
    return TEXT.encode()


async def echo(reader, writer, lines):
    key = next(line.split(": ", 1)[1] for line in lines if line.lower().startswith("sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1(key.encode() + MAGIC).digest())
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    while True:
        first, second = await reader.readexactly(2)
        size = second & 127
        if size > 125:
            size = int.from_bytes(await reader.readexactly({126: 2, 127: 8}[size]), "big")
        mask = await reader.readexactly(4)
        data = bytes(b ^ mask[i % 4] for i, b in enumerate(await reader.readexactly(size)))
        length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
        writer.write(bytes([first]) + length + data)
        await writer.drain()
        if first & 15 == 8:
            return


async def main():
    await asyncio.sleep(DELAY)
    server = await asyncio.start_server(answer, "0.0.0.0", 8080, limit=2**20)
    print(f"listening as {TEXT}", flush=True)
    async with server:
        await server.serve_forever()


if MODE == "crash":
    print("about to crash", flush=True)
    sys.exit("RuntimeError: no DATABASE_URL")
if MODE == "eat":
    hoard = []
    while True:
        hoard.append(bytearray(10_000_000))
if MODE == "sleep":
    time.sleep(3600)
if MODE != "end":
    asyncio.run(main())
