package nearcall.frames;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;

/** Where a server is: a name such as {@code arena/render}, or an address such as {@code unix:/tmp/render.sock}. */
final class Address {
  private static final Pattern LABEL = Pattern.compile("[a-z][a-z0-9-]{0,31}(\\.[a-z0-9][a-z0-9-]{0,31})?");

  private Address() {}

  /** The server that a channel's name begins with, as {@code arena/render} for {@code arena/render.main}. */
  static String serverOf(String channel) {
    int slash = channel.indexOf('/') + 1;
    int dot = channel.indexOf('.', slash);
    return dot < 0 ? channel : channel.substring(0, dot);
  }

  /** What gRPC dials. */
  static String dialTarget(String at, Map<String, String> environment) {
    String place = at.contains(":") ? at : byName(at, environment);
    if (place.startsWith("http://")) {
      return place.substring("http://".length()).replaceAll("/+$", "");
    }
    if (place.startsWith("unix:")) {
      String path = place.substring("unix:".length());
      return "unix:" + Path.of(path.startsWith("///") ? path.substring(2) : path).toAbsolutePath();
    }
    throw new FramesException.Open("expected unix: or http: before a place, found " + place, null, null);
  }

  private static String byName(String name, Map<String, String> environment) {
    String world = environment.getOrDefault("NEARCALL_WORLD", "");
    String service = name;
    int slash = name.indexOf('/');
    if (slash >= 0) {
      world = name.substring(0, slash);
      service = name.substring(slash + 1);
    } else if (world.isEmpty()) {
      world = "default";
    }
    if (!LABEL.matcher(world).matches() || !LABEL.matcher(service).matches()) {
      throw new FramesException.Open("expected a name such as render or arena/render, found " + name, null, null);
    }
    String variable = "NEARCALL_ADDRESS_" + service.replaceAll("[-.]", "_").toUpperCase(java.util.Locale.ROOT);
    String elsewhere = environment.getOrDefault(variable, "");
    return elsewhere.isEmpty() ? "unix:" + runtimeFolder(environment).resolve(world).resolve(service + ".sock") : elsewhere;
  }

  private static Path runtimeFolder(Map<String, String> environment) {
    String folder = environment.getOrDefault("XDG_RUNTIME_DIR", "");
    if (folder.startsWith("/")) {
      return Path.of(folder, "nearcall");
    }
    try {
      Object user = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
      return Path.of(System.getProperty("java.io.tmpdir"), "nearcall-" + user);
    } catch (java.io.IOException error) {
      throw new FramesException.Open("expected XDG_RUNTIME_DIR to be set, or /proc to be there", null, error);
    }
  }
}
