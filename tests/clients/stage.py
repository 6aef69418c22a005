"""What a client runs against: a server process, and a proxy before it that cuts connections."""

import asyncio
import os
import signal
import socket
import struct


class Server:
    """A program that prints its URL as the last word of its first line."""

    def __init__(self, command, log):
        self.command, self.log, self.process = command, log, None

    async def start(self):
        with open(self.log, "ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command, stdout=asyncio.subprocess.PIPE, stderr=log, start_new_session=True
            )
        async with asyncio.timeout(60):
            line = await self.process.stdout.readline()
        # What it prints later is read, so that it never waits for a reader.
        self.rest = asyncio.create_task(self.process.stdout.read())
        self.url = line.decode().split()[-1]
        return self.url

    async def stop(self, how=signal.SIGKILL):
        if self.process.returncode is None:
            try:
                os.killpg(self.process.pid, how)
            except ProcessLookupError:
                pass  # It has ended, and its task does not know yet.
        await self.process.wait()


class Connection:
    def __init__(self, writers):
        self.writers = writers
        self.is_stream = False
        self.cut_next = False

    def close(self):
        for writer in self.writers:
            try:
                # A reset: what is in the buffers is thrown away.
                plain = writer.get_extra_info("socket")
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                pass  # It is closed already, and its task does not know yet.
            writer.transport.abort()


class Proxy:
    """Forwards connections to a server, and cuts them if the control port is asked to: `GET /cut/HOW`.

    - `all`: all connections, at once.
    - `stream`: those that carry an event stream.
    - `event`: those that carry an event stream, in the middle of the next bytes that the server sends.
    """

    def __init__(self, port):
        self.port = port
        self.connections = set()
        self.commands = {"cut": self.cut}

    async def start(self):
        """Returns the URLs of the proxy and of its control port."""
        self.listeners = [
            await asyncio.start_server(accept, "127.0.0.1", 0, backlog=512)
            for accept in [self.accept, self.control]
        ]
        ports = [listener.sockets[0].getsockname()[1] for listener in self.listeners]
        return [f"http://127.0.0.1:{port}" for port in ports]

    async def control(self, reader, writer):
        path = (await reader.readuntil(b"\r\n")).split()[1].decode()
        command, *arguments = path.strip("/").split("/")
        text = str(await self.commands[command](*arguments)).encode()
        head = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
        writer.write(head % len(text) + text)
        await writer.drain()
        writer.close()

    async def accept(self, reader, writer):
        try:
            await self.forward(reader, writer)
        except OSError:
            writer.close()

    async def forward(self, reader, writer):
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.port)
        connection = Connection([writer, server_writer])
        self.connections.add(connection)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.up(connection, reader, server_writer))
                tasks.create_task(self.down(connection, server_reader, writer))
        except* OSError:
            pass
        finally:
            self.connections.discard(connection)
            writer.close()
            server_writer.close()

    async def up(self, connection, reader, writer):
        while data := await reader.read(65536):
            connection.is_stream = connection.is_stream or data.startswith(b"GET ")
            writer.write(data)
            await writer.drain()
        if not writer.is_closing():
            writer.write_eof()

    async def down(self, connection, reader, writer):
        while data := await reader.read(65536):
            if connection.cut_next:
                writer.write(data[: len(data) // 2])
                await asyncio.sleep(0.05)
                connection.close()
                return
            writer.write(data)
            await writer.drain()
        # The end of the server's half ends the connection.
        writer.close()
        raise ConnectionResetError

    async def cut(self, how="all"):
        found = [one for one in self.connections if how == "all" or one.is_stream]
        for connection in found:
            if how == "event":
                connection.cut_next = True
            else:
                connection.close()
        return len(found)

    def stop(self):
        for listener in self.listeners:
            listener.close()
        for connection in list(self.connections):
            connection.close()
