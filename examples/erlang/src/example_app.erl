-module(example_app).
-behaviour(application).
-behaviour(supervisor).
-export([start/2, stop/1, init/1, listen/1]).

start(_Type, _Arguments) ->
    supervisor:start_link(?MODULE, list_to_integer(os:getenv("PORT", "8080"))).

stop(_State) ->
    ok.

init(Port) ->
    Server = #{id => server, start => {?MODULE, listen, [Port]}},
    {ok, {#{strategy => one_for_one}, [Server]}}.

listen(Port) ->
    {ok, Socket} = gen_tcp:listen(Port, [binary, {packet, http_bin}, {active, false}, {reuseaddr, true}]),
    {ok, spawn_link(fun() -> serve(Socket) end)}.

serve(Socket) ->
    {ok, Client} = gen_tcp:accept(Socket),
    %% A probe only opens the connection and closes it again.
    _Request = gen_tcp:recv(Client, 0),
    Body = <<"Hello, World!\n">>,
    Head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: ",
    gen_tcp:send(Client, [Head, integer_to_list(byte_size(Body)), "\r\n\r\n", Body]),
    gen_tcp:close(Client),
    serve(Socket).
