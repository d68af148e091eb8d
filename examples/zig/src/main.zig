const std = @import("std");

pub fn main() !void {
    var buffer: [16]u8 = undefined;
    var allocator = std.heap.FixedBufferAllocator.init(&buffer);
    const text = std.process.getEnvVarOwned(allocator.allocator(), "PORT") catch "8080";
    const port = try std.fmt.parseInt(u16, text, 10);

    const address = try std.net.Address.parseIp("0.0.0.0", port);
    var server = try address.listen(.{ .reuse_address = true });
    while (true) {
        const connection = try server.accept();
        defer connection.stream.close();
        answer(connection) catch |problem| std.log.warn("no answer: {}", .{problem});
    }
}

fn answer(connection: std.net.Server.Connection) !void {
    var buffer: [4096]u8 = undefined;
    var http = std.http.Server.init(connection, &buffer);
    // A probe only opens the connection and closes it again.
    var request = http.receiveHead() catch return;
    try request.respond("Hello, World!\n", .{ .keep_alive = false });
}
