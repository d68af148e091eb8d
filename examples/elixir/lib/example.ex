defmodule Example.Application do
  use Application

  def start(_type, _arguments) do
    port = String.to_integer(System.get_env("PORT") || "4000")
    Supervisor.start_link([{Task, fn -> Example.Server.listen(port) end}], strategy: :one_for_one)
  end
end

defmodule Example.Server do
  @moduledoc "A web server with nothing but Erlang's own sockets."

  def listen(port) do
    {:ok, socket} = :gen_tcp.listen(port, [:binary, packet: :http_bin, active: false, reuseaddr: true])
    serve(socket)
  end

  defp serve(socket) do
    {:ok, client} = :gen_tcp.accept(socket)
    # A probe only opens the connection and closes it again.
    _request = :gen_tcp.recv(client, 0)
    body = "Hello, World!\n"
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close"
    :gen_tcp.send(client, [head, "\r\nContent-Length: #{byte_size(body)}\r\n\r\n", body])
    :gen_tcp.close(client)
    serve(socket)
  end
end
