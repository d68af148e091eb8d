#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

// A web server with nothing but the system's own calls: one request at a time.
int main() {
  std::signal(SIGTERM, [](int) { _exit(0); });
  std::signal(SIGPIPE, SIG_IGN);
  const char *wanted = std::getenv("PORT");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(wanted ? std::atoi(wanted) : 8080);
  int server = socket(AF_INET, SOCK_STREAM, 0);
  int yes = 1;
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(server, reinterpret_cast<sockaddr *>(&address), sizeof address) || listen(server, 16)) return 1;
  const std::string body = "Hello, World!\n";
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: " +
                             std::to_string(body.size()) + "\r\n\r\n" + body;
  while (true) {
    int client = accept(server, nullptr, nullptr);
    char request[4096];
    if (client < 0) continue;
    if (read(client, request, sizeof request) > 0 && write(client, answer.data(), answer.size()) < 0) return 1;
    shutdown(client, SHUT_WR);
    close(client);
  }
}
