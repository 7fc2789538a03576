package nearcall.frames;

import java.io.File;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/** The real `render` service, for the tests: NEARCALL_RENDER names its program. */
final class Render implements AutoCloseable {
  private static final long START_LIMIT_MS = 30_000;

  // Short, since a socket's path is bounded.
  private final Path folder = Files.createTempDirectory("nearcall-");
  private final Path socket = folder.resolve("nearcall/default/render.sock");
  private Process process;

  Render() throws IOException {}

  String at() {
    return "unix:" + socket;
  }

  Render start() throws IOException, InterruptedException {
    String program = System.getenv("NEARCALL_RENDER");
    if (program == null || !new File(program).canExecute()) {
      throw new IOException("expected NEARCALL_RENDER to name the program render, found " + program);
    }
    ProcessBuilder builder = new ProcessBuilder(List.of(program, "default/render", "480x270@60"));
    builder.environment().keySet().removeAll(List.of("NEARCALL_WORLD", "NEARCALL_ADDRESS_RENDER"));
    builder.environment().put("XDG_RUNTIME_DIR", folder.toString());
    builder.environment().put("XDG_STATE_HOME", folder.toString());
    builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
    process = builder.start();
    long until = System.currentTimeMillis() + START_LIMIT_MS;
    while (!answers()) {
      if (System.currentTimeMillis() > until || !process.isAlive()) {
        throw new IOException("render did not answer at " + socket);
      }
      Thread.sleep(20);
    }
    return this;
  }

  private boolean answers() {
    try (SocketChannel one = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return one.connect(UnixDomainSocketAddress.of(socket));
    } catch (IOException error) {
      return false;
    }
  }

  void kill() throws InterruptedException {
    if (process != null) {
      process.destroyForcibly().waitFor();
    }
  }

  @Override
  public void close() throws IOException, InterruptedException {
    kill();
    try (var files = Files.walk(folder)) {
      files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
    }
  }
}
