// Frames: those of a render service, whose process is started and killed here, and the golden bytes of testdata/frames.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using Nearcall;

static class FrameTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // The ways that frames come, first the one that is taken where nothing is asked for.
    static readonly Tier[] Tiers = Tests.OnWindows
        ? new[] { Tier.Handle, Tier.Inline }
        : new[] { Tier.Broker, Tier.Proc, Tier.Inline };

    static void Check(bool holds, string what) { Tests.Check(holds, what); }

    public static void Live(string program, string address)
    {
        var server = Process.Start(new ProcessStartInfo(program, address + " 160x120@60") { UseShellExecute = false });
        try
        {
            using (var render = Channel.Connect(address, new ChannelOptions { WaitForReady = true, ConnectTimeout = Patience }))
            {
                Loop(render);
                foreach (var tier in Tiers) Held(render, tier);
                Policies(render);
                Refused(render);
                Forgotten(render);
                Dies(render, server);
            }
        }
        finally
        {
            if (!server.HasExited) server.Kill();
            server.WaitForExit();
        }
    }

    static Frame Picture(Frame frame)
    {
        var video = (VideoMeta)frame.Meta;
        Check(video.Width == 160 && video.Height == 120 && video.Stride == 640 && video.FourCC == "AB24", "a picture");
        Check(video.Damage.Length == 0 && frame.Length == 640 * 120 && frame.Data != IntPtr.Zero, "its bytes");
        Check(frame[3] == 255 && frame[frame.Length - 1] == 255, "opaque pixels");
        Check(frame.Crc == null && frame.User.Length == 24 && frame.User.All(one => one == 0), "nothing of the user's");
        Check(frame.CapturedNs > 0 && frame.PublishedNs >= frame.CapturedNs && frame.Epoch != 0, "its times");
        return frame;
    }

    // A game's: nothing in it waits.
    static void Loop(Channel render)
    {
        using (var frames = render.Frames("render.main"))
        {
            ulong last = 0;
            for (var came = 0; came < 10; Thread.Sleep(1))
                using (var frame = frames.Poll())
                {
                    if (frame == null) continue;
                    Check(Picture(frame).Seq > last && frame.Tier == Tiers[0], "a newer one");
                    last = frame.Seq;
                    came++;
                }
            var info = frames.Info;
            Check(info.State == FramesState.Live && info.Tier == Tiers[0] && info.Taken == 10, "how it is");
            Check(info.Held == 0 && info.Seq == last && info.Lost == 0 && info.Restarts == 0, "what came");
        }
    }

    static void Held(Channel render, Tier tier)
    {
        var frames = render.Frames("render.main", new FrameOptions { Tiers = tier, InlineBelow = 1 });
        var held = Picture(frames.Wait(Patience));
        Check(held.Tier == tier, "by " + tier);
        var before = held.ToArray();
        for (var i = 0; i < 20; i++)
            using (var next = frames.Wait(Patience)) Check(next.Seq > held.Seq, "the next");
        if (tier != Tier.Inline)
            using (frames.Wait(Patience))
                Check(Tests.Throws<NearcallException>(() => frames.Wait(Patience)).Result == Result.Held, "all are held");
        Check(frames.Info.Held == 1, "one is held");
        frames.Dispose();
        Check(held.ToArray().SequenceEqual(before), "what is held is left alone");
        var row = new byte[640];
        held.CopyTo(640 * 119, row, 0, 640);
        Check(row.SequenceEqual(before.Skip(640 * 119)), "a row");
        Tests.Throws<ArgumentOutOfRangeException>(() => held.CopyTo(640 * 119 + 1, row, 0, 640));
        Tests.Throws<ArgumentOutOfRangeException>(() => held.CopyTo(-1, row, 0, 1));
        Tests.Throws<ArgumentOutOfRangeException>(() => held.CopyTo(0, row, 1, 640));
        Tests.Throws<ArgumentOutOfRangeException>(() => { var none = held[held.Length]; });
        held.Dispose();
        held.Dispose();
        Tests.Throws<ObjectDisposedException>(() => held.ToArray());
        Tests.Throws<ObjectDisposedException>(() => { var none = held.Data; });
        Check(Tests.Throws<NearcallException>(() => frames.Poll()).Result == Result.Handle, "closed");
    }

    static void Policies(Channel render)
    {
        using (var frames = render.Frames("render.main", new FrameOptions { Policy = FramePolicy.DropOldest(2) }))
        {
            ulong last = 0;
            for (var i = 0; i < 10; i++)
                using (var frame = frames.Wait(Patience))
                {
                    Check(last == 0 || frame.Seq == last + frame.Lost + 1, "in turn");
                    last = frame.Seq;
                }
        }
        var blocking = FramePolicy.Block(TimeSpan.FromSeconds(1), Then.Evict);
        using (var frames = render.Frames("render.main", new FrameOptions { Policy = blocking }))
        {
            var error = Tests.Throws<NearcallException>(() =>
            {
                for (;; Thread.Sleep(2000)) frames.Wait(Patience).Dispose();
            });
            Check(error.Result == Result.Evicted, "evicted: " + error.Message);
            Check(Tests.Throws<NearcallException>(() => frames.Poll()).Result == Result.Ended, "and over");
            Check(frames.Info.State == FramesState.Ended, "as it says");
        }
        using (var frames = render.Frames("render.main", new FrameOptions { Policy = FramePolicy.Sample(5) }))
        {
            // Before the first: what stops this program after it counts too.
            var watch = Stopwatch.StartNew();
            for (var i = 0; i < 2; i++) frames.Wait(Patience).Dispose();
            Check(watch.ElapsedMilliseconds >= 199, "five in a second, of sixty");
        }
    }

    static void Refused(Channel render)
    {
        using (var frames = render.Frames("render.nothing"))
        {
            var error = Tests.Throws<NearcallException>(() => frames.Wait(Patience));
            Check(error.Result == Result.NotFound && error.Message.Contains("render.nothing"), "no such channel");
        }
        using (var frames = render.Frames("render.main", new FrameOptions { Policy = FramePolicy.DropOldest(99) }))
            Check(Tests.Throws<NearcallException>(() => frames.Wait(Patience)).Result == Result.Argument, "too deep");
        Check(Tests.Throws<NearcallException>(() => render.Frames(null)).Result == Result.Null, "no name");
        var pins = new FrameOptions { Pins = 17 };
        Check(Tests.Throws<NearcallException>(() => render.Frames("render.main", pins)).Result == Result.Argument, "too many pins");
        using (var nobody = Channel.Lazy(Tests.Nowhere))
        using (var frames = nobody.Frames("render.main"))
            Check(Tests.Throws<NearcallException>(() => frames.Wait(Patience)).Result == Result.Connect, "nobody");
    }

    // Frames that nobody disposes of come back by the finalizer.
    static void Forgotten(Channel render)
    {
        using (var frames = render.Frames("render.main"))
        {
            var forgetting = new Thread(() =>
            {
                for (var i = 0; i < 2; i++) frames.Wait(Patience);
            });
            forgetting.Start();
            forgetting.Join();
            Tests.Until(() =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                // The stack is looked at conservatively, so one may stay in sight.
                return frames.Info.Held <= 1;
            }, "finalizers");
        }
    }

    // What is held stays readable.
    static void Dies(Channel render, Process server)
    {
        using (var frames = render.Frames("render.main"))
        using (var held = frames.Wait(Patience))
        {
            var before = held.ToArray();
            server.Kill();
            server.WaitForExit();
            // What was published before may still come, and that the server is gone is heard a moment later.
            NearcallException error;
            var looks = 0;
            do
                error = Tests.Throws<NearcallException>(() => { for (;;) frames.Wait(TimeSpan.FromMilliseconds(200)).Dispose(); });
            while (error.Result == Result.Timeout && ++looks < 100);
            Check(error.Result == Result.Connect && frames.Info.State == FramesState.Gone, "gone: " + error.Message);
            Check(frames.Poll() == null, "a loop goes on");
            Check(Picture(held).ToArray().SequenceEqual(before), "what is held stays");
        }
    }

    public static void Golden(string folder)
    {
        var all = Object(Json.Read(File.ReadAllText(Path.Combine(folder, "cases.json"))));
        var says = Object(all["granted"]);
        var granted = new FrameGrant
        {
            Epoch = Hex(says["epoch"]), Channel = Hex(says["channel"]), Region = Hex(says["region"]),
            Slots = (uint)(ulong)says["slots"], History = (uint)(ulong)says["history"],
            PayloadBytes = (ulong)says["payload_bytes"],
        };
        var cases = (List<object>)all["cases"];
        Check(cases.Count >= 16, "there are cases");
        foreach (var one in cases.Select(Object))
        {
            var bytes = File.ReadAllBytes(Path.Combine(folder, (string)one["file"]));
            Finds(bytes, granted, Object(one["finds"]), (string)one["file"]);
        }
        var good = File.ReadAllBytes(Path.Combine(folder, "opaque.region"));
        Check(Reason(good.Take(4096).ToArray(), granted) == "length" && Reason(new byte[0], granted) == "length", "too short");
        var other = granted;
        other.Slots = 4097;
        Check(Reason(good, other) == "geometry", "a grant that cannot be");
        other = granted;
        other.History = 1;
        Check(Reason(good, other) == "geometry", "divided otherwise");
        // Whatever one byte says: a frame, or words.
        for (var at = 0; at < 2048; at++)
        {
            var was = good[at];
            good[at] = 0xff;
            try { Check(FrameRegion.Open(good, granted).Latest().Payload.Length <= 32, "within its slot"); }
            catch (FrameLayoutException refused) { Check(refused.Message.Length > 0, "in words"); }
            good[at] = was;
        }
    }

    static string Reason(byte[] bytes, FrameGrant granted)
    {
        return Tests.Throws<FrameLayoutException>(() => FrameRegion.Open(bytes, granted)).Reason;
    }

    static void Finds(byte[] bytes, FrameGrant granted, Dictionary<string, object> finds, string file)
    {
        RegionFrame frame;
        FrameRegion region;
        try { region = FrameRegion.Open(bytes, granted); }
        catch (FrameLayoutException refused)
        {
            Check(finds.ContainsKey("refused") && refused.Reason == (string)finds["refused"], file + ": " + refused.Message);
            return;
        }
        try { frame = region.Latest(); }
        catch (FrameLayoutException none)
        {
            Check(finds.ContainsKey("no_frame") && none.Reason == (string)finds["no_frame"], file + ": " + none.Message);
            return;
        }
        Check(finds.ContainsKey("frame"), file + " has no frame");
        var expected = Object(finds["frame"]);
        Check(frame.Seq == (ulong)expected["seq"] && frame.Slot == (ulong)expected["slot"], file + ": which frame");
        Check(frame.Captured == (ulong)expected["captured"] && frame.Published == (ulong)expected["published"], file + ": when");
        Check(frame.Crc == (ulong?)expected["crc"], file + ": its CRC");
        Check(frame.Payload.SequenceEqual(Bytes(expected["payload"])), file + ": its bytes");
        Check(frame.User.SequenceEqual(Bytes(expected["user"])), file + ": the user's");
        Check(Same(frame.Meta, Object(expected["meta"])), file + ": its meta");
    }

    static bool Same(FrameMeta found, Dictionary<string, object> expected)
    {
        Func<string, ulong> number = name => (ulong)expected[name];
        switch ((string)expected["kind"])
        {
            case "opaque":
                return ((OpaqueMeta)found).Bytes.SequenceEqual(Bytes(expected["bytes"]));
            case "video":
                var video = (VideoMeta)found;
                var damage = video.Damage.SelectMany(one => new ulong[] { one.X, one.Y, one.Width, one.Height });
                var rectangles = ((List<object>)expected["damage"]).SelectMany(one => (List<object>)one).Cast<ulong>();
                return video.Width == number("width") && video.Height == number("height") && video.Stride == number("stride")
                    && video.FourCC == (string)expected["fourcc"] && damage.SequenceEqual(rectangles);
            case "audio":
                var audio = (AudioMeta)found;
                return audio.Rate == number("rate") && audio.Channels == number("channels") && audio.Pts == number("pts")
                    && (ulong)audio.Format == number("format") && audio.Moments == number("moments");
            case "state":
                var state = (StateMeta)found;
                return state.Schema == Hex(expected["schema"]) && state.Base == number("base")
                    && state.IsDelta == (number("state") == 2);
            case "unknown":
                return (ulong)((UnknownMeta)found).Kind == number("number");
            default:
                return false;
        }
    }

    static Dictionary<string, object> Object(object json) { return (Dictionary<string, object>)json; }
    static ulong Hex(object text) { return Convert.ToUInt64((string)text, 16); }

    static byte[] Bytes(object text)
    {
        var digits = (string)text;
        return Enumerable.Range(0, digits.Length / 2).Select(i => Convert.ToByte(digits.Substring(2 * i, 2), 16)).ToArray();
    }
}
