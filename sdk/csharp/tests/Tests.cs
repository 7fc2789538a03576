// The C# SDK, under Mono and .NET: calls, callbacks, polling, hosting three ways, frames, misuse, leaks. Takes the address of an arith,
// one to listen at, the address of the mirror server, the render program, one for it to listen at, and testdata/frames.
using System;
using System.Diagnostics;
using System.Linq;
using System.Text;
using System.Threading;
using Nearcall;

static class Tests
{
    static int checks;
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    internal static readonly bool OnWindows = Environment.OSVersion.Platform == PlatformID.Win32NT;
    internal static readonly string Nowhere = OnWindows ? "pipe:nearcall-nowhere" : "unix:/nowhere/at/all.sock";

    internal static void Check(bool holds, string what)
    {
        checks++;
        if (!holds) throw new Exception("does not hold: " + what);
    }

    internal static T Throws<T>(Action action) where T : Exception
    {
        try { action(); }
        catch (T expected)
        {
            checks++;
            return expected;
        }
        throw new Exception("expected " + typeof(T).Name);
    }

    internal static void Until(Func<bool> holds, string what)
    {
        for (var watch = Stopwatch.StartNew(); !holds(); Thread.Sleep(1))
            if (watch.Elapsed > Patience) throw new Exception("waited in vain: " + what);
        checks++;
    }

    static byte[] Bytes(string text) { return Encoding.UTF8.GetBytes(text); }
    static string Text(byte[] bytes) { return Encoding.UTF8.GetString(bytes); }

    static int Main(string[] args)
    {
        Library.CallbackFailed += failure => Interlocked.Increment(ref failures);
        Calls(args[0]);
        Streams(args[0]);
        Hosted(args[1], Delivery.Threads);
        Hosted(args[1], Delivery.Poll);
        Lent(args[2], Delivery.Threads);
        Lent(args[2], Delivery.Poll);
        FrameTests.Golden(args[5]);
        FrameTests.Live(args[3], args[4]);
        Forgotten(args[0]);
        Misuse();
        Check(Library.HandleCount == 0, "everything is closed: " + Library.HandleCount);
        Library.Shutdown();
        Calls(args[0]);
        Library.Shutdown();
        Console.WriteLine("ok   csharp: {0} checks", checks);
        return 0;
    }

    static int failures;

    static void Calls(string address)
    {
        using (var arith = Channel.Connect(address))
        {
            for (long i = 0; i < 2000; i++)
                Check(Arith.Number(arith.Unary("/arith.v1.Arith/Multiply", Arith.Numbers(i, 3)), 1) == 3 * i, "a product");
            var error = Throws<RpcException>(() => arith.Unary("/arith.v1.Arith/Divide", Arith.Numbers(1, 0)));
            Check(error.Status.Code == StatusCode.InvalidArgument && error.Status.Reason == null, "the code");
            Check(error.Status.Violations.Single().Field == "b" && error.Status.Details.Length > 0, "the details");
            error = Throws<RpcException>(() => arith.Unary("/arith.v1.Arith/Nothing", null));
            Check(error.Status.Reason == "UNKNOWN_METHOD" && error.Status.Domain == "nearcall", "the reason");
            var options = new CallOptions { Metadata = new Metadata().Add("arith-tag", "hello").Add("a-bin", new byte[] { 0, 255 }) };
            Status status;
            arith.Unary("/arith.v1.Arith/Multiply", Arith.Numbers(1, 1), options, out status);
            Check(status.Code == StatusCode.Ok && status.Metadata.Text("arith-tag") == "hello", "the label");
            // A frame of a game: start, then look in each one.
            using (var call = arith.Start("/arith.v1.Arith/Multiply", Arith.Numbers(6, 7)))
            {
                var found = default(Event);
                Until(() => call.Poll(out found), "an answer");
                Check(Arith.Number(found.Message, 1) == 42, "the product");
                Until(() => call.Poll(out found), "an end");
                Check(found.Kind == EventKind.End && !call.Poll(out found), "the end, once");
            }
        }
    }

    static void Streams(string address)
    {
        using (var arith = Channel.Connect(address))
        {
            using (var totals = arith.Open("/arith.v1.Arith/RunningTotal"))
            {
                for (var i = 1; i <= 100; i++)
                {
                    totals.Send(Arith.Numbers(i));
                    Check(Arith.Number(totals.Wait(Patience).Message, 1) == i * (i + 1) / 2, "a total");
                }
                Check(totals.Headers.Text("arith-version") == "v1", "the headers");
                Check(Throws<NearcallException>(() => totals.Wait(TimeSpan.FromMilliseconds(1))).Result == Result.Timeout, "a timeout");
                totals.Cancel();
                Check(totals.Wait(Patience).Code == StatusCode.Cancelled, "cancelled");
            }
            long sum = 0;
            var ends = 0;
            var told = arith.Open("/arith.v1.Arith/Count", null, found =>
            {
                if (found.Kind == EventKind.Message) Interlocked.Add(ref sum, Arith.Number(found.Message, 1));
                else Interlocked.Increment(ref ends);
                // A thread of the library waits for nobody.
                Throws<NearcallException>(() => arith.Unary("/a.B/C", null));
                if (sum % 7 == 0) GC.Collect();
            });
            told.Send(Arith.Numbers(1, 100));
            told.Finish();
            Until(() => ends == 1, "the end of a stream");
            Check(sum == 5050, "the sum: " + sum);
            told.Dispose();
            // A callback hears of the end of a stream that was given up, and what it throws gets nowhere.
            var before = failures;
            arith.Open("/arith.v1.Arith/Count", null, found => { throw new Exception("on purpose"); }).Dispose();
            Until(() => failures == before + 1, "a failed callback");
        }
    }

    static void Hosted(string address, Delivery delivery)
    {
        var ended = 0;
        ServedCall? late = null;
        var main = Thread.CurrentThread.ManagedThreadId;
        var host = Host.Create(address, delivery, TimeSpan.FromMilliseconds(100))
            .Unary("/test.v1.Test/Echo", (call, request) =>
            {
                Check((Thread.CurrentThread.ManagedThreadId == main) == (delivery == Delivery.Poll), "the thread");
                Check(call.Remaining > TimeSpan.Zero, "time is left");
                call.Reply(request, new Metadata().Add("tag", call.Headers.Text("tag") ?? "none"));
            })
            .Unary("/test.v1.Test/Late", (call, request) => late = call)
            .Unary("/test.v1.Test/Throw", (call, request) => { throw new Exception("on purpose"); })
            .Stream("/test.v1.Test/Stream", (call, found) =>
            {
                if (found.Kind == EventKind.Open) call.SendHeaders(new Metadata().Add("first", "yes"));
                if (found.Kind == EventKind.Message) call.TrySend(found.Message);
                if (found.Kind == EventKind.HalfClosed) call.Finish(StatusCode.Aborted, "as you wish");
                if (found.Kind == EventKind.End) Interlocked.Increment(ref ended);
            })
            .Start();
        Check(Throws<NearcallException>(() => host.Start()).Result == Result.State, "started once");
        host.Health("test.v1.Test", true);
        using (var channel = Channel.Connect(host.Address))
        {
            Func<Call, Event> wait = call =>
            {
                var found = default(Event);
                Until(() => { host.Poll(); return call.Poll(out found); }, "an event");
                return found;
            };
            for (var i = 0; i < 200; i++)
            {
                var options = new CallOptions { Metadata = new Metadata().Add("tag", "x") };
                using (var call = channel.Start("/test.v1.Test/Echo", Bytes("hello " + i), options))
                {
                    Check(Text(wait(call).Message) == "hello " + i && call.Headers.Text("tag") == "x", "an echo");
                    Check(wait(call).Code == StatusCode.Ok, "a good end");
                }
            }
            using (var call = channel.Start("/test.v1.Test/Throw", null))
                Check(wait(call).Code == StatusCode.Internal, "what throws is INTERNAL");
            using (var call = channel.Start("/test.v1.Test/Late", null))
            {
                Until(() => { host.Poll(); return late != null; }, "a call");
                new Thread(() => late.Value.Reply(Bytes("late"))).Start();
                Check(Text(wait(call).Message) == "late", "an answer from another thread");
            }
            using (var call = channel.Open("/test.v1.Test/Stream"))
            {
                call.Send(Bytes("one"));
                Check(Text(wait(call).Message) == "one" && call.Headers.Text("first") == "yes", "a stream's echo");
                call.Finish();
                Check(wait(call).Code == StatusCode.Aborted && call.Status.Message == "as you wish", "its end");
            }
            Until(() => { host.Poll(); return ended == 1; }, "the end on this side");
            host.Dispose();
            Check(Throws<RpcException>(() => channel.Unary("/test.v1.Test/Echo", null)).Status.Code == StatusCode.Unavailable, "gone");
        }
    }

    // Methods that the server calls on the channel's own connection: it makes every call of ours once more.
    static void Lent(string address, Delivery delivery)
    {
        using (var host = Host.Create("", delivery))
        {
            var calls = 0;
            host.Unary("/test.v1.Test/Echo", (call, request) =>
            {
                Interlocked.Increment(ref calls);
                call.Reply(request);
            });
            using (var channel = Channel.Connect(address, new ChannelOptions { Host = host }))
            {
                Check(Throws<NearcallException>(() => host.Start()).Result == Result.State, "it is lent");
                using (var call = channel.Start("/test.v1.Test/Echo", Bytes("to and fro")))
                {
                    var found = default(Event);
                    Until(() => { if (delivery == Delivery.Poll) host.Poll(); return call.Poll(out found); }, "an answer");
                    Check(found.Kind == EventKind.Message && Text(found.Message) == "to and fro", "what went comes back");
                }
                Check(calls == 1, "by way of this side");
            }
        }
    }

    // What nobody closes is closed by the finalizer.
    static void Forgotten(string address)
    {
        var before = Library.HandleCount;
        var forgetting = new Thread(() =>
        {
            for (var i = 0; i < 50; i++) Channel.Connect(address).Open("/arith.v1.Arith/RunningTotal");
        });
        forgetting.Start();
        forgetting.Join();
        Until(() =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            // The stack is looked at conservatively, so one may stay in sight.
            return Library.HandleCount <= before + 2;
        }, "finalizers");
        Library.Shutdown();
    }

    static void Misuse()
    {
        Check(Throws<NearcallException>(() => Channel.Connect(Nowhere)).Result == Result.Connect, "nobody");
        Check(Throws<NearcallException>(() => Channel.Connect(null)).Result == Result.Null, "null");
        var channel = Channel.Lazy(Nowhere);
        Check(Throws<NearcallException>(() => channel.Unary("nothing", null)).Result == Result.Argument, "no path");
        var bad = new CallOptions { Metadata = new Metadata().Add("Upper", "x") };
        Check(Throws<NearcallException>(() => channel.Unary("/a.B/C", null, bad)).Result == Result.Argument, "a bad key");
        channel.Dispose();
        channel.Dispose();
        Check(Throws<NearcallException>(() => channel.Unary("/a.B/C", null)).Result == Result.Handle, "closed");
    }
}
