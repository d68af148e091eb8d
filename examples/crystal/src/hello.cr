require "http/server"

server = HTTP::Server.new do |context|
  context.response.content_type = "text/plain"
  context.response.print "Hello, World!\n"
end

Signal::TERM.trap { server.close }
server.bind_tcp "0.0.0.0", (ENV["PORT"]? || "3000").to_i
server.listen
