package nearcall.frames;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The files that readers in every language read, bad ones included. */
class GoldenTest {
  private static final Path FOLDER = Path.of("../../testdata/frames");
  private static final JsonObject LIST = list();

  private static JsonObject list() {
    try {
      return JsonParser.parseString(Files.readString(FOLDER.resolve("cases.json"))).getAsJsonObject();
    } catch (java.io.IOException error) {
      throw new java.io.UncheckedIOException(error);
    }
  }

  private static Region.Granted granted() {
    JsonObject says = LIST.getAsJsonObject("granted");
    Geometry geometry =
        new Geometry(
            says.get("slots").getAsLong(), says.get("payload_bytes").getAsLong(), says.get("history").getAsLong());
    return new Region.Granted(hex(says, "epoch"), hex(says, "channel"), hex(says, "region"), geometry);
  }

  private static long hex(JsonObject from, String name) {
    return Long.parseUnsignedLong(from.get(name).getAsString(), 16);
  }

  @Test
  void theLayoutIsTheLists() {
    List<Layout.Field> fields = new ArrayList<>();
    for (JsonElement one : LIST.getAsJsonArray("fields")) {
      JsonObject field = one.getAsJsonObject();
      fields.add(new Layout.Field(field.get("name").getAsString(), field.get("at").getAsInt(), field.get("bytes").getAsInt()));
    }
    assertEquals(fields, Layout.FIELDS);
    assertEquals(hex(LIST, "layout_hash"), Layout.HASH);
  }

  @TestFactory
  Stream<DynamicTest> everyFileIsReadAsItsListSays() {
    JsonArray cases = LIST.getAsJsonArray("cases");
    assertTrue(cases.size() >= 17, "there are cases");
    return cases.asList().stream().map(JsonElement::getAsJsonObject)
        .map(one -> DynamicTest.dynamicTest(one.get("file").getAsString(), () -> check(one)));
  }

  private void check(JsonObject one) throws Exception {
    Path file = FOLDER.resolve(one.get("file").getAsString());
    JsonObject finds = one.getAsJsonObject("finds");
    if (finds.has("refused")) {
      var refused = assertThrows(FramesException.Refused.class, () -> new Region(file, granted()).close());
      assertEquals(finds.get("refused").getAsString(), refused.reason(), refused.getMessage());
      return;
    }
    try (Region region = new Region(file, granted())) {
      if (finds.has("no_frame")) {
        switch (finds.get("no_frame").getAsString()) {
          case "nothing" -> assertTrue(region.latest().isEmpty());
          case "damaged" -> assertThrows(FramesException.Damaged.class, region::latest);
          case "overtaken" -> assertThrows(FramesException.Overtaken.class, region::latest);
          default -> throw new AssertionError(finds);
        }
        return;
      }
      JsonObject expected = finds.getAsJsonObject("frame");
      Frame frame = region.latest().orElseThrow();
      assertEquals(expected.get("seq").getAsLong(), frame.seq());
      assertEquals(expected.get("payload").getAsString(), HexFormat.of().formatHex(frame.bytes()));
      assertEquals(expected.get("captured").getAsLong(), frame.captured());
      assertEquals(expected.get("published").getAsLong(), frame.published());
      assertEquals(expected.get("crc").getAsLong(), frame.crc().orElseThrow());
      assertEquals(expected.get("user").getAsString(), HexFormat.of().formatHex(frame.user()));
      assertEquals(expected.getAsJsonObject("meta"), described(frame.meta()));
      assertEquals(file.endsWith("closed.region"), region.isClosed());
      long slot = expected.get("slot").getAsLong();
      assertEquals(slot, granted().geometry().slotAt(granted().geometry().payloadAt(slot)));
    }
  }

  /** Meta as the list writes it. */
  private static JsonObject described(Meta meta) {
    String json;
    if (meta instanceof Meta.Opaque opaque) {
      json = String.format("{kind: opaque, bytes: \"%s\"}", HexFormat.of().formatHex(opaque.bytes()));
    } else if (meta instanceof Meta.Video video) {
      List<String> damage = new ArrayList<>();
      video.damage().forEach(one ->
          damage.add(String.format("[%d, %d, %d, %d]", one.x(), one.y(), one.width(), one.height())));
      json = String.format("{kind: video, width: %d, height: %d, stride: %d, fourcc: \"%s\", damage: %s}",
          video.width(), video.height(), video.stride(), video.fourcc(), damage);
    } else if (meta instanceof Meta.Audio audio) {
      json = String.format("{kind: audio, rate: %d, channels: %d, format: %d, pts: %d, moments: %d}",
          audio.rate(), audio.channels(), audio.format(), audio.pts(), audio.moments());
    } else if (meta instanceof Meta.State state) {
      json = String.format("{kind: state, schema: \"%016x\", base: %d, state: %d}",
          state.schema(), state.base(), state.kind());
    } else {
      json = String.format("{kind: unknown, number: %d}", ((Meta.Unknown) meta).kind());
    }
    JsonObject found = JsonParser.parseString(json).getAsJsonObject();
    // Numbers as the list's are read.
    return JsonParser.parseString(found.toString()).getAsJsonObject();
  }

  @Test
  void aRegionOfAnotherSizeIsRefused() {
    Region.Granted says = granted();
    Region.Granted larger = new Region.Granted(says.epoch(), says.channel(), says.region(), new Geometry(4, 32, 0));
    var refused = assertThrows(
        FramesException.Refused.class, () -> new Region(FOLDER.resolve("opaque.region"), larger).close());
    assertEquals("size", refused.reason());
  }

  @Test
  void namesLeadToSockets() {
    Map<String, String> run = Map.of("XDG_RUNTIME_DIR", "/run/user/7");
    assertEquals("unix:/run/user/7/nearcall/default/render.sock", Address.dialTarget("render", run));
    assertEquals("unix:/run/user/7/nearcall/arena.1/render.2.sock", Address.dialTarget("arena.1/render.2", run));
    assertEquals("unix:/tmp/r.sock",
        Address.dialTarget("render.2", Map.of("NEARCALL_ADDRESS_RENDER_2", "unix:/tmp/r.sock")));
    assertEquals("unix:/tmp/a.sock", Address.dialTarget("unix:///tmp/a.sock", run));
    assertEquals("127.0.0.1:4000", Address.dialTarget("http://127.0.0.1:4000", run));
    for (String wrong : List.of("", "Render", "../render", "a/b/c", "file:/tmp/a")) {
      assertThrows(FramesException.Open.class, () -> Address.dialTarget(wrong, run), wrong);
    }
    assertEquals("arena.1/render", Address.serverOf("arena.1/render.main"));
  }
}
