// nearcall for C#: Unity, Mono, .NET Framework and .NET, over libnearcall.
//
// Messages are byte[], encoded by whichever protobuf library the project has. What waits says so; a game loop polls.
// Callbacks run on threads of the library and must not wait. Compiles as C# 7 against netstandard2.0.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;

namespace Nearcall
{
    /// <summary>What a function of the library answers; the numbers are those of nearcall.h.</summary>
    public enum Result
    {
        Ok = 0, Null = 1, Handle = 2, Argument = 3, TooSmall = 4, Status = 5, Timeout = 6, Ended = 7, Full = 8, Thread = 9,
        Shutdown = 10, Panic = 11, NotFound = 12, NotReady = 13, Connect = 14, Listen = 15, Limit = 16, Runtime = 17, State = 18,
        Held = 19, Evicted = 20, Broken = 21, Unsupported = 22,
    }

    /// <summary>The gRPC status codes.</summary>
    public enum StatusCode
    {
        Ok = 0, Cancelled = 1, Unknown = 2, InvalidArgument = 3, DeadlineExceeded = 4, NotFound = 5, AlreadyExists = 6,
        PermissionDenied = 7, ResourceExhausted = 8, FailedPrecondition = 9, Aborted = 10, OutOfRange = 11, Unimplemented = 12,
        Internal = 13, Unavailable = 14, DataLoss = 15, Unauthenticated = 16,
    }

    /// <summary>What an event tells of.</summary>
    public enum EventKind
    {
        /// <summary>Nothing happened.</summary>
        None = 0,
        /// <summary>A message came.</summary>
        Message = 1,
        /// <summary>The call is over.</summary>
        End = 2,
        /// <summary>A streaming call came in; on the side that answers.</summary>
        Open = 3,
        /// <summary>The caller has sent its last message; on the side that answers.</summary>
        HalfClosed = 4,
    }

    /// <summary>Something that happened on a call.</summary>
    public struct Event
    {
        public EventKind Kind;
        /// <summary>With <see cref="EventKind.Message"/>.</summary>
        public byte[] Message;
        /// <summary>With <see cref="EventKind.End"/>, on the caller's side.</summary>
        public StatusCode Code;

        internal static Event Take(ref Native.Event found)
        {
            var kind = (EventKind)found.Kind;
            return new Event
            {
                Kind = kind,
                Code = (StatusCode)found.Code,
                Message = kind == EventKind.Message ? found.Message.Take() : null,
            };
        }
    }

    /// <summary>The library did not do what it was asked to.</summary>
    public class NearcallException : Exception
    {
        public NearcallException(Result result, string message) : base(message) { Result = result; }
        public Result Result { get; }

        internal static void Check(Result result)
        {
            if (result != Result.Ok) throw new NearcallException(result, LastError());
        }

        internal static string LastError()
        {
            UIntPtr needed;
            var room = new byte[512];
            var result = Native.nearcall_last_error(room, Native.Len(room), out needed);
            if (result == Result.TooSmall)
            {
                room = new byte[(int)needed];
                result = Native.nearcall_last_error(room, needed, out needed);
            }
            return result == Result.Ok ? Encoding.UTF8.GetString(room, 0, (int)needed - 1) : "no words";
        }
    }

    /// <summary>A call ended with a status other than OK.</summary>
    public sealed class RpcException : NearcallException
    {
        public RpcException(Status status) : base(Result.Status, status.Code + ": " + status.Message) { Status = status; }
        public Status Status { get; }
    }

    /// <summary>A field of the request that was wrong, from google.rpc.BadRequest.</summary>
    public struct Violation
    {
        public string Field;
        public string Description;
    }

    /// <summary>How a call ended.</summary>
    public sealed class Status
    {
        public StatusCode Code { get; private set; }
        public string Message { get; private set; }
        /// <summary>From google.rpc.ErrorInfo, or null.</summary>
        public string Reason { get; private set; }
        /// <summary>Who names the reason, or null.</summary>
        public string Domain { get; private set; }
        /// <summary>An encoded google.rpc.Status; empty where there are no details.</summary>
        public byte[] Details { get; private set; }
        public Violation[] Violations { get; private set; }
        /// <summary>What came with the end; for a unary call with the answer too.</summary>
        public Metadata Metadata { get; private set; }

        // Copies everything and closes the handle.
        internal static Status Take(ulong id)
        {
            try
            {
                int code;
                UIntPtr count;
                ulong metadata;
                NearcallException.Check(Native.nearcall_status_code(id, out code));
                NearcallException.Check(Native.nearcall_status_violation_count(id, out count));
                var violations = new Violation[(int)count];
                for (var i = 0; i < violations.Length; i++)
                {
                    var index = (UIntPtr)i;
                    violations[i].Field = Native.CopiedText((byte[] to, UIntPtr room, out UIntPtr needed) =>
                        Native.nearcall_status_violation_field(id, index, to, room, out needed));
                    violations[i].Description = Native.CopiedText((byte[] to, UIntPtr room, out UIntPtr needed) =>
                        Native.nearcall_status_violation_description(id, index, to, room, out needed));
                }
                NearcallException.Check(Native.nearcall_status_metadata(id, out metadata));
                return new Status
                {
                    Code = (StatusCode)code,
                    Message = Native.CopiedText((byte[] to, UIntPtr room, out UIntPtr needed) =>
                        Native.nearcall_status_message(id, to, room, out needed)),
                    Reason = Native.CopiedText((byte[] to, UIntPtr room, out UIntPtr needed) =>
                        Native.nearcall_status_reason(id, to, room, out needed)),
                    Domain = Native.CopiedText((byte[] to, UIntPtr room, out UIntPtr needed) =>
                        Native.nearcall_status_domain(id, to, room, out needed)),
                    Details = Native.Copied((byte[] to, UIntPtr room, out UIntPtr needed) =>
                        Native.nearcall_status_details(id, to, room, out needed)),
                    Violations = violations,
                    Metadata = Metadata.Take(metadata),
                };
            }
            finally { Native.nearcall_status_close(id); }
        }
    }

    /// <summary>Pairs that go along with a call. Keys are lower-case ASCII; those that end in "-bin" have any bytes.</summary>
    public sealed class Metadata
    {
        private readonly List<KeyValuePair<string, byte[]>> pairs = new List<KeyValuePair<string, byte[]>>();

        public int Count { get { return pairs.Count; } }
        public IEnumerable<KeyValuePair<string, byte[]>> Pairs { get { return pairs; } }

        public Metadata Add(string key, string value) { return Add(key, Encoding.ASCII.GetBytes(value)); }

        public Metadata Add(string key, byte[] value)
        {
            pairs.Add(new KeyValuePair<string, byte[]>(key, value));
            return this;
        }

        /// <summary>The first value of a key, or null.</summary>
        public byte[] Bytes(string key)
        {
            foreach (var pair in pairs)
                if (pair.Key == key) return pair.Value;
            return null;
        }

        /// <summary>The first value of a key as text, or null.</summary>
        public string Text(string key)
        {
            var bytes = Bytes(key);
            return bytes == null ? null : Encoding.UTF8.GetString(bytes);
        }

        internal static Metadata Take(ulong id)
        {
            try
            {
                UIntPtr count;
                NearcallException.Check(Native.nearcall_metadata_count(id, out count));
                var metadata = new Metadata();
                for (var i = 0; i < (int)count; i++)
                {
                    var index = (UIntPtr)i;
                    metadata.Add(
                        Native.CopiedText((byte[] to, UIntPtr room, out UIntPtr needed) =>
                            Native.nearcall_metadata_key(id, index, to, room, out needed)),
                        Native.Copied((byte[] to, UIntPtr room, out UIntPtr needed) =>
                            Native.nearcall_metadata_value(id, index, to, room, out needed)));
                }
                return metadata;
            }
            finally { Native.nearcall_metadata_close(id); }
        }

        // A handle for one call, or 0.
        internal static ulong Lend(Metadata metadata)
        {
            if (metadata == null || metadata.Count == 0) return 0;
            ulong id;
            NearcallException.Check(Native.nearcall_metadata_new(out id));
            foreach (var pair in metadata.pairs)
            {
                var result = Native.nearcall_metadata_add(id, Native.Text(pair.Key), pair.Value, Native.Len(pair.Value));
                if (result == Result.Ok) continue;
                var words = NearcallException.LastError();
                Native.nearcall_metadata_close(id);
                throw new NearcallException(result, words);
            }
            return id;
        }

        internal static void GiveBack(ulong id)
        {
            if (id != 0) Native.nearcall_metadata_close(id);
        }
    }

    /// <summary>How a channel is made.</summary>
    public sealed class ChannelOptions
    {
        /// <summary>Calls wait until the server is there, up to their deadline.</summary>
        public bool WaitForReady;
        /// <summary>How long one try to connect may take. Null: 5 seconds.</summary>
        public TimeSpan? ConnectTimeout;
        /// <summary>How long a unary call may take that names no deadline. Null: 10 seconds.</summary>
        public TimeSpan? UnaryDeadline;
        /// <summary>
        /// One that has not started: the channel hosts its methods on its own connection, for the server to call. Dispose of it
        /// after the channel.
        /// </summary>
        public Host Host;
    }

    /// <summary>How a call is made.</summary>
    public sealed class CallOptions
    {
        public bool WaitForReady;
        /// <summary>When to give up, from the start of the call to its last message. Null: the channel's for a unary call, never for a stream.</summary>
        public TimeSpan? Deadline;
        /// <summary>The longest message, in bytes. 0: 4 MiB.</summary>
        public long MessageMax;
        public Metadata Metadata;
    }

    /// <summary>A handle of the library, closed once, by Dispose or by the finalizer. A number, not a pointer: 64 bits everywhere.</summary>
    public abstract class NearcallHandle : SafeHandle
    {
        internal ulong Id { get; private set; }

        internal NearcallHandle(ulong id) : base(IntPtr.Zero, true)
        {
            Id = id;
            SetHandle(new IntPtr(1));
        }

        public override bool IsInvalid { get { return Id == 0; } }

        protected sealed override bool ReleaseHandle()
        {
            var id = Id;
            Id = 0;
            return Release(id);
        }

        internal abstract bool Release(ulong id);
    }

    /// <summary>A connection to a server that comes back by itself. From any thread.</summary>
    public sealed class Channel : NearcallHandle
    {
        private Channel(ulong id) : base(id) { }

        /// <summary>Connects to a name ("arith") or an address ("unix:/tmp/arith.sock"). Waits.</summary>
        public static Channel Connect(string target, ChannelOptions options = null)
        {
            ulong id;
            var with = Raw(options);
            NearcallException.Check(Native.nearcall_channel_connect(Native.Text(target), ref with, out id));
            return new Channel(id);
        }

        /// <summary>A channel whose first call connects. Never waits.</summary>
        public static Channel Lazy(string target, ChannelOptions options = null)
        {
            ulong id;
            var with = Raw(options);
            NearcallException.Check(Native.nearcall_channel_lazy(Native.Text(target), ref with, out id));
            return new Channel(id);
        }

        /// <summary>One message there, one back. Waits, up to the deadline; throws <see cref="RpcException"/>.</summary>
        public byte[] Unary(string path, byte[] request, CallOptions options = null)
        {
            Status status;
            return Unary(path, request, options, out status);
        }

        /// <summary>As the other, and has the metadata of the answer.</summary>
        public byte[] Unary(string path, byte[] request, CallOptions options, out Status status)
        {
            var with = Raw(options);
            try
            {
                Native.Buffer reply;
                ulong id;
                var result = Native.nearcall_unary(Id, Native.Text(path), request, Native.Len(request), ref with, out reply, out id);
                var message = result == Result.Ok ? reply.Take() : null;
                status = id == 0 ? null : Status.Take(id);
                if (result == Result.Status) throw new RpcException(status);
                NearcallException.Check(result);
                return message;
            }
            finally { Metadata.GiveBack(with.Metadata); }
        }

        /// <summary>Starts a call of one message and does not wait: the answer is found by <see cref="Call.Poll"/>.</summary>
        public Call Start(string path, byte[] request, CallOptions options = null, Action<Event> onEvent = null)
        {
            return Begin(options, onEvent, (ref Native.CallOptions with, out ulong stream) =>
                Native.nearcall_unary_start(Id, Native.Text(path), request, Native.Len(request), ref with, out stream));
        }

        /// <summary>Opens a call that streams in either direction, or both. Without a callback it is polled; a callback runs on threads of the library.</summary>
        public Call Open(string path, CallOptions options = null, Action<Event> onEvent = null)
        {
            return Begin(options, onEvent, (ref Native.CallOptions with, out ulong stream) =>
                Native.nearcall_stream_open(Id, Native.Text(path), ref with, out stream));
        }

        /// <summary>
        /// Frames by a channel's name, such as "render.main". Never waits: <see cref="FrameChannel.Poll"/> says whether it is
        /// there. On Linux, Windows and macOS.
        /// </summary>
        public FrameChannel Frames(string name, FrameOptions options = null)
        {
            options = options ?? new FrameOptions();
            var with = new Native.FramesOptions
            {
                Size = (uint)Marshal.SizeOf(typeof(Native.FramesOptions)),
                Policy = options.Policy.Kind,
                Depth = options.Policy.Depth,
                Hz = options.Policy.Hz,
                MaxWaitMs = options.Policy.MaxWaitMs,
                Then = options.Policy.AfterWait,
                Pins = (uint)options.Pins,
                Tiers = (uint)options.Tiers,
                InlineBelow = (ulong)options.InlineBelow,
            };
            ulong id;
            NearcallException.Check(Native.nearcall_frames_open(Id, Native.Text(name), ref with, out id));
            return new FrameChannel(id);
        }

        private delegate Result Opening(ref Native.CallOptions with, out ulong stream);

        private static Call Begin(CallOptions options, Action<Event> onEvent, Opening opening)
        {
            var with = Raw(options);
            var kept = default(GCHandle);
            if (onEvent != null)
            {
                // Freed by the last event, of which there is exactly one.
                kept = GCHandle.Alloc(onEvent);
                with.OnEvent = Callbacks.StreamPointer;
                with.Context = GCHandle.ToIntPtr(kept);
            }
            try
            {
                ulong id;
                var result = opening(ref with, out id);
                if (result != Result.Ok && kept.IsAllocated) kept.Free();
                NearcallException.Check(result);
                return new Call(id);
            }
            finally { Metadata.GiveBack(with.Metadata); }
        }

        private static Native.ChannelOptions Raw(ChannelOptions options)
        {
            options = options ?? new ChannelOptions();
            return new Native.ChannelOptions
            {
                Size = (uint)Marshal.SizeOf(typeof(Native.ChannelOptions)),
                Flags = options.WaitForReady ? Native.WaitForReady : 0,
                ConnectTimeoutMs = Native.Time(options.ConnectTimeout),
                UnaryDeadlineMs = Native.Time(options.UnaryDeadline),
                Host = options.Host == null ? 0 : options.Host.Id,
            };
        }

        private static Native.CallOptions Raw(CallOptions options)
        {
            options = options ?? new CallOptions();
            return new Native.CallOptions
            {
                Size = (uint)Marshal.SizeOf(typeof(Native.CallOptions)),
                Flags = options.WaitForReady ? Native.WaitForReady : 0,
                DeadlineMs = Native.Time(options.Deadline),
                MessageMax = (ulong)options.MessageMax,
                Metadata = Metadata.Lend(options.Metadata),
            };
        }

        internal override bool Release(ulong id) { return Native.nearcall_channel_close(id) == Result.Ok; }
    }

    /// <summary>A call that this process makes. Disposing of it gives it up. From any thread.</summary>
    public sealed class Call : NearcallHandle
    {
        internal Call(ulong id) : base(id) { }

        /// <summary>Sends a message; false where the server is slower than this: try again later. Never waits.</summary>
        public bool TrySend(byte[] message)
        {
            var result = Native.nearcall_stream_send(Id, message, Native.Len(message));
            if (result == Result.Full) return false;
            NearcallException.Check(result);
            return true;
        }

        /// <summary>Sends a message. Waits for space.</summary>
        public void Send(byte[] message, TimeSpan? limit = null)
        {
            var time = limit == null ? Native.Forever : Native.Time(limit);
            NearcallException.Check(Native.nearcall_stream_send_wait(Id, message, Native.Len(message), time));
        }

        /// <summary>Says that no more messages will be sent.</summary>
        public void Finish() { NearcallException.Check(Native.nearcall_stream_finish(Id)); }

        /// <summary>Looks whether something came; false if not, and after the end. Never waits: made for Update().</summary>
        public bool Poll(out Event found)
        {
            var raw = Native.Event.New();
            var result = Native.nearcall_stream_poll(Id, ref raw);
            if (result == Result.Ended)
            {
                found = default(Event);
                return false;
            }
            NearcallException.Check(result);
            found = Event.Take(ref raw);
            return found.Kind != EventKind.None;
        }

        /// <summary>Waits until something comes; for ever where no limit is given.</summary>
        public Event Wait(TimeSpan? limit = null)
        {
            var raw = Native.Event.New();
            NearcallException.Check(
                Native.nearcall_stream_wait(Id, limit == null ? Native.Forever : Native.Time(limit), ref raw));
            return Event.Take(ref raw);
        }

        /// <summary>The messages up to the end, waiting for each; throws <see cref="RpcException"/> where it was not a good one.</summary>
        public IEnumerable<byte[]> Messages()
        {
            for (;;)
            {
                var found = Wait();
                if (found.Kind == EventKind.Message) yield return found.Message;
                if (found.Kind != EventKind.End) continue;
                if (found.Code != StatusCode.Ok) throw new RpcException(Status);
                yield break;
            }
        }

        /// <summary>Gives the call up; it ends with CANCELLED.</summary>
        public void Cancel() { NearcallException.Check(Native.nearcall_stream_cancel(Id)); }

        /// <summary>How it ended; there with <see cref="EventKind.End"/>.</summary>
        public Status Status
        {
            get
            {
                ulong id;
                NearcallException.Check(Native.nearcall_stream_status(Id, out id));
                return Status.Take(id);
            }
        }

        /// <summary>What came before the first message.</summary>
        public Metadata Headers
        {
            get
            {
                ulong id;
                NearcallException.Check(Native.nearcall_stream_metadata(Id, out id));
                return Metadata.Take(id);
            }
        }

        internal override bool Release(ulong id) { return Native.nearcall_stream_close(id) == Result.Ok; }
    }

    /// <summary>The library as a whole.</summary>
    public static class Library
    {
        /// <summary>Told of what a callback threw, on the thread that it ran on.</summary>
        public static event Action<Exception> CallbackFailed;

        public static string Version { get { return Marshal.PtrToStringAnsi(Native.nearcall_version()); } }

        /// <summary>How many handles are open: for tests that look for leaks.</summary>
        public static int HandleCount
        {
            get
            {
                UIntPtr count;
                NearcallException.Check(Native.nearcall_handle_count(out count));
                return (int)count;
            }
        }

        /// <summary>
        /// Ends every call and the threads of the library; what comes later starts it anew. Call it before callbacks are
        /// unloaded: in Unity from AssemblyReloadEvents.beforeAssemblyReload and when the application quits. Waits.
        /// </summary>
        public static void Shutdown() { NearcallException.Check(Native.nearcall_shutdown()); }

        internal static void Report(Exception failure)
        {
            var told = CallbackFailed;
            if (told == null) return;
            try { told(failure); }
            catch (Exception) { /* Nothing may get out into native code. */ }
        }
    }

    // What native code calls. Static, and held for ever, so that no delegate is collected while it is in use.
    internal static class Callbacks
    {
        private static readonly Native.OnEvent Stream = OnStream;
        private static readonly Native.OnEvent Served = OnServed;
        internal static readonly IntPtr StreamPointer = Marshal.GetFunctionPointerForDelegate(Stream);
        internal static readonly IntPtr ServedPointer = Marshal.GetFunctionPointerForDelegate(Served);

        [MonoPInvokeCallback(typeof(Native.OnEvent))]
        private static void OnStream(IntPtr context, ulong stream, ref Native.Event found)
        {
            try
            {
                var kept = GCHandle.FromIntPtr(context);
                var onEvent = (Action<Event>)kept.Target;
                var last = found.Kind == (uint)EventKind.End;
                if (last) kept.Free();
                onEvent(Event.Take(ref found));
            }
            catch (Exception failure) { Library.Report(failure); }
        }

        [MonoPInvokeCallback(typeof(Native.OnEvent))]
        private static void OnServed(IntPtr context, ulong call, ref Native.Event found)
        {
            try { ((Host.Method)GCHandle.FromIntPtr(context).Target).Deliver(call, Event.Take(ref found)); }
            catch (Exception failure) { Library.Report(failure); }
        }
    }
}
