run lambda { |env|
  body = env["PATH_INFO"] == "/healthz" ? "ok\n" : "Hello, World!\n"
  [200, { "content-type" => "text/plain" }, [body]]
}
