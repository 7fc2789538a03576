// Services hosted in C#: other processes call, this one answers.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Nearcall
{
    /// <summary>Where the functions of a host run.</summary>
    public enum Delivery
    {
        /// <summary>In <see cref="Host.Poll"/>, on the thread that calls it: the main thread of a game.</summary>
        Poll,
        /// <summary>At once, on threads of the library; they must not wait.</summary>
        Threads,
    }

    /// <summary>A call that this process answers, at once or any time later, from any thread.</summary>
    public struct ServedCall
    {
        private readonly ulong id;

        internal ServedCall(ulong id) { this.id = id; }

        /// <summary>What tells calls apart: the same in every event of a call.</summary>
        public ulong Id { get { return id; } }

        /// <summary>A unary call's one answer; false where the caller is gone.</summary>
        public bool Reply(byte[] message, Metadata metadata = null)
        {
            var with = Metadata.Lend(metadata);
            try { return Live(Native.nearcall_served_reply(id, with, message, Native.Len(message))); }
            finally { Metadata.GiveBack(with); }
        }

        /// <summary>The end of a stream, or the failure of a unary call; false where the caller is gone.</summary>
        public bool Finish(StatusCode code = StatusCode.Ok, string message = null, byte[] details = null, Metadata metadata = null)
        {
            var with = Metadata.Lend(metadata);
            try
            {
                return Live(Native.nearcall_served_finish(
                    id, (int)code, Native.Text(message), details, Native.Len(details), with));
            }
            finally { Metadata.GiveBack(with); }
        }

        /// <summary>Sends a message of a stream; false where the caller is slower than this, or gone. Never waits.</summary>
        public bool TrySend(byte[] message)
        {
            var result = Native.nearcall_served_send(id, message, Native.Len(message));
            return result != Result.Full && Live(result);
        }

        /// <summary>Sends the initial metadata of a stream, before its first message.</summary>
        public bool SendHeaders(Metadata metadata)
        {
            var with = Metadata.Lend(metadata);
            try { return Live(Native.nearcall_served_send_metadata(id, with)); }
            finally { Metadata.GiveBack(with); }
        }

        /// <summary>What came with the request.</summary>
        public Metadata Headers
        {
            get
            {
                ulong found;
                NearcallException.Check(Native.nearcall_served_metadata(id, out found));
                return Metadata.Take(found);
            }
        }

        /// <summary>How long the caller still waits; null where it set no deadline, zero where it is gone.</summary>
        public TimeSpan? Remaining
        {
            get
            {
                ulong left;
                NearcallException.Check(Native.nearcall_served_remaining_ms(id, out left));
                return left == Native.Forever ? (TimeSpan?)null : TimeSpan.FromMilliseconds(left);
            }
        }

        /// <summary>Lets go of the call: the caller is told INTERNAL.</summary>
        public void Close() { Native.nearcall_served_close(id); }

        private static bool Live(Result result)
        {
            if (result == Result.Ended) return false;
            NearcallException.Check(result);
            return true;
        }
    }

    /// <summary>A server in this process.</summary>
    public sealed class Host : NearcallHandle
    {
        // One method, and what is called for it.
        internal sealed class Method
        {
            internal Action<ServedCall, Event> OnEvent;

            // What the function throws ends the call.
            internal void Deliver(ulong call, Event found)
            {
                try { OnEvent(new ServedCall(call), found); }
                catch (Exception failure)
                {
                    Native.nearcall_served_finish(
                        call, (int)StatusCode.Internal, Native.Text("the service failed"), null, UIntPtr.Zero, 0);
                    Library.Report(failure);
                }
            }
        }

        private readonly Delivery delivery;
        private readonly List<GCHandle> methods = new List<GCHandle>();

        private Host(ulong id, Delivery delivery) : base(id) { this.delivery = delivery; }

        /// <summary>A server at a name or an address; it does not listen yet.</summary>
        public static Host Create(string target, Delivery delivery = Delivery.Poll, TimeSpan? drainTimeout = null)
        {
            ulong id;
            var with = new Native.HostOptions
            {
                Size = (uint)Marshal.SizeOf(typeof(Native.HostOptions)),
                DrainTimeoutMs = Native.Time(drainTimeout),
            };
            NearcallException.Check(Native.nearcall_host_new(Native.Text(target), ref with, out id));
            return new Host(id, delivery);
        }

        /// <summary>Adds a method of one message and one answer.</summary>
        public Host Unary(string path, Action<ServedCall, byte[]> onCall)
        {
            return Add(path, 0, (call, found) => onCall(call, found.Message));
        }

        /// <summary>Adds a method that streams: Open, messages, HalfClosed unless the caller went before, End.</summary>
        public Host Stream(string path, Action<ServedCall, Event> onEvent) { return Add(path, 1, onEvent); }

        private Host Add(string path, uint kind, Action<ServedCall, Event> onEvent)
        {
            var kept = GCHandle.Alloc(new Method { OnEvent = onEvent });
            var pointer = delivery == Delivery.Threads ? Callbacks.ServedPointer : IntPtr.Zero;
            var result = Native.nearcall_host_method(Id, Native.Text(path), kind, pointer, GCHandle.ToIntPtr(kept));
            if (result != Result.Ok) kept.Free();
            NearcallException.Check(result);
            methods.Add(kept);
            return this;
        }

        /// <summary>Lets reflection know a service: an encoded google.protobuf.FileDescriptorSet, imports included.</summary>
        public Host Describe(string service, byte[] descriptors)
        {
            NearcallException.Check(
                Native.nearcall_host_describe(Id, Native.Text(service), descriptors, Native.Len(descriptors)));
            return this;
        }

        /// <summary>Begins to listen. Waits.</summary>
        public Host Start()
        {
            NearcallException.Check(Native.nearcall_host_start(Id));
            return this;
        }

        /// <summary>Where it listens.</summary>
        public string Address
        {
            get
            {
                var id = Id;
                return Native.CopiedText((byte[] to, UIntPtr room, out UIntPtr needed) =>
                    Native.nearcall_host_address(id, to, room, out needed));
            }
        }

        /// <summary>Says whether a service, by its full name, is SERVING.</summary>
        public void Health(string service, bool serving)
        {
            NearcallException.Check(Native.nearcall_host_health(Id, Native.Text(service), serving ? 1u : 0u));
        }

        /// <summary>Runs the functions for what has come, at most `most` of them; answers with how many. Never waits: made for Update().</summary>
        public int Poll(int most = 64)
        {
            for (var delivered = 0; delivered < most; delivered++)
            {
                var raw = Native.Event.New();
                ulong call;
                IntPtr context;
                var result = Native.nearcall_host_poll(Id, ref raw, out call, out context);
                if (result == Result.Ended) return delivered;
                NearcallException.Check(result);
                if (raw.Kind == (uint)EventKind.None) return delivered;
                ((Method)GCHandle.FromIntPtr(context).Target).Deliver(call, Event.Take(ref raw));
            }
            return most;
        }

        internal override bool Release(ulong id)
        {
            // Afterwards none of the functions runs.
            var closed = Native.nearcall_host_close(id) == Result.Ok;
            if (closed)
                foreach (var kept in methods) kept.Free();
            return closed;
        }
    }
}
