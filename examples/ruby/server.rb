require "socket"

# A web server with nothing but Ruby's own sockets.
server = TCPServer.new("0.0.0.0", Integer(ENV.fetch("PORT", "3000")))
trap("TERM") { exit }

loop do
  client = server.accept
  while (line = client.gets) && !line.strip.empty?
  end
  body = "Hello, World!\n"
  client.print "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: #{body.bytesize}\r\n\r\n#{body}"
  client.close
end
