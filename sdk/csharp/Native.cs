// nearcall.h, as P/Invoke sees it. Internal: Nearcall.cs is what programs use.
using System;
using System.Runtime.InteropServices;

namespace Nearcall
{
    // Ahead-of-time compilers (IL2CPP, Mono AOT) look for an attribute of this name on what native code calls.
    [AttributeUsage(AttributeTargets.Method)]
    internal sealed class MonoPInvokeCallbackAttribute : Attribute
    {
        public MonoPInvokeCallbackAttribute(Type type) { Type = type; }
        public Type Type { get; }
    }

    internal static class Native
    {
#if UNITY_IOS && !UNITY_EDITOR
        private const string Library = "__Internal";
#else
        private const string Library = "nearcall";
#endif
        internal const ulong Forever = ulong.MaxValue;
        internal const uint WaitForReady = 1;

        [StructLayout(LayoutKind.Sequential)]
        internal struct Buffer
        {
            internal IntPtr Data;
            internal UIntPtr Len;
            internal ulong Id;

            internal byte[] ToArray()
            {
                var bytes = new byte[(int)Len];
                if (bytes.Length > 0) Marshal.Copy(Data, bytes, 0, bytes.Length);
                return bytes;
            }

            // Copies, and gives the original back. One that is only lent is left alone.
            internal byte[] Take()
            {
                try { return ToArray(); }
                finally { nearcall_buffer_free(ref this); }
            }
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct Event
        {
            internal uint Size;
            internal uint Kind;
            internal int Code;
            internal uint Reserved;
            internal Buffer Message;

            internal static Event New() { return new Event { Size = (uint)Marshal.SizeOf(typeof(Event)) }; }
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct ChannelOptions
        {
            internal uint Size;
            internal uint Flags;
            internal ulong ConnectTimeoutMs;
            internal ulong UnaryDeadlineMs;
            internal ulong Host;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct CallOptions
        {
            internal uint Size;
            internal uint Flags;
            internal ulong DeadlineMs;
            internal ulong MessageMax;
            internal ulong Metadata;
            internal IntPtr OnEvent;
            internal IntPtr Context;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct HostOptions
        {
            internal uint Size;
            internal uint Flags;
            internal ulong DrainTimeoutMs;
            internal ulong UnaryDeadlineMs;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct FramesOptions
        {
            internal uint Size, Policy, Depth, Hz, MaxWaitMs, Then, Pins, Tiers;
            internal ulong InlineBelow;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct FramesInfo
        {
            internal uint Size, State, Tier, Held;
            internal ulong Epoch, Seq, Taken, Lost, Gaps, Restarts;
        }

        internal enum MetaKind { Opaque = 0, Video = 1, Audio = 2, State = 3, Unknown = 65535 }

        // The union, as words: a struct of numbers alone is handed over where it is, without a copy for each look.
        [StructLayout(LayoutKind.Sequential)]
        internal struct Meta
        {
            internal ulong W0, W1, W2, W3, W4, W5, W6, W7, W8, W9, W10, W11, W12, W13, W14, W15, W16, W17, W18, W19, W20;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct Frame
        {
            internal const int UserAt = 84;
            internal const int MetaAt = 112;

            internal uint Size, MetaKind;
            internal ulong Lease;
            internal IntPtr Data;
            internal UIntPtr Len;
            internal ulong Seq, Epoch, CapturedNs, PublishedNs, Lost;
            internal uint Tier, HasCrc, Crc;
            internal uint User0, User1, User2, User3, User4, User5;
            internal Meta Meta;

            internal static readonly int Bytes = Marshal.SizeOf(typeof(Frame));

            internal static Frame New() { return new Frame { Size = (uint)Bytes }; }

            // As it stands in memory: what is there for any length has places in it.
            internal byte[] ToBytes()
            {
                var bytes = new byte[Bytes];
                var pinned = GCHandle.Alloc(this, GCHandleType.Pinned);
                try { Marshal.Copy(pinned.AddrOfPinnedObject(), bytes, 0, bytes.Length); }
                finally { pinned.Free(); }
                return bytes;
            }
        }

        internal static byte[] Part(byte[] bytes, int at, int length)
        {
            var part = new byte[length];
            Array.Copy(bytes, at, part, 0, length);
            return part;
        }

        // Both kinds of callback: the handle is that of a stream, or of a call that is answered.
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        internal delegate void OnEvent(IntPtr context, ulong handle, ref Event found);

        // What copies a text or bytes out.
        internal delegate Result CopyOut(byte[] to, UIntPtr room, out UIntPtr needed);

        internal static byte[] Copied(CopyOut function)
        {
            byte[] bytes = null;
            UIntPtr needed;
            var result = function(null, UIntPtr.Zero, out needed);
            while (result == Result.TooSmall)
            {
                bytes = new byte[(int)needed];
                result = function(bytes, needed, out needed);
            }
            if (result == Result.NotFound) return null;
            NearcallException.Check(result);
            return bytes ?? new byte[0];
        }

        // Texts come with a NUL.
        internal static string CopiedText(CopyOut function)
        {
            var bytes = Copied(function);
            return bytes == null ? null : System.Text.Encoding.UTF8.GetString(bytes, 0, Math.Max(0, bytes.Length - 1));
        }

        internal static byte[] Text(string text)
        {
            if (text == null) return null;
            var bytes = new byte[System.Text.Encoding.UTF8.GetByteCount(text) + 1];
            System.Text.Encoding.UTF8.GetBytes(text, 0, text.Length, bytes, 0);
            return bytes;
        }

        internal static UIntPtr Len(byte[] bytes) { return (UIntPtr)(bytes == null ? 0 : bytes.Length); }

        // 0 is the default there, so that a time of nothing becomes the shortest there is.
        internal static ulong Time(TimeSpan? time)
        {
            if (time == null) return 0;
            if (time.Value == System.Threading.Timeout.InfiniteTimeSpan || time.Value == TimeSpan.MaxValue) return Forever;
            return (ulong)Math.Max(1, time.Value.TotalMilliseconds);
        }

#pragma warning disable IDE1006 // the names are those of the library
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern uint nearcall_abi_version();
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern IntPtr nearcall_version();
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_last_error(byte[] to, UIntPtr room, out UIntPtr needed);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_handle_count(out UIntPtr count);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_shutdown();
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_buffer_free(ref Buffer buffer);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_channel_connect(byte[] target, ref ChannelOptions options, out ulong channel);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_channel_lazy(byte[] target, ref ChannelOptions options, out ulong channel);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_channel_close(ulong channel);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_unary(ulong channel, byte[] path, byte[] request, UIntPtr len, ref CallOptions options, out Buffer reply, out ulong status);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_unary_start(ulong channel, byte[] path, byte[] request, UIntPtr len, ref CallOptions options, out ulong stream);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_stream_open(ulong channel, byte[] path, ref CallOptions options, out ulong stream);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_stream_send(ulong stream, byte[] message, UIntPtr len);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_stream_send_wait(ulong stream, byte[] message, UIntPtr len, ulong timeoutMs);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_stream_finish(ulong stream);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_stream_poll(ulong stream, ref Event found);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_stream_wait(ulong stream, ulong timeoutMs, ref Event found);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_stream_cancel(ulong stream);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_stream_metadata(ulong stream, out ulong metadata);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_stream_status(ulong stream, out ulong status);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_stream_close(ulong stream);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_frames_open(ulong channel, byte[] name, ref FramesOptions options, out ulong frames);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_frames_poll(ulong frames, ref Frame frame);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_frames_wait(ulong frames, ulong timeoutMs, ref Frame frame);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_frames_get_info(ulong frames, ref FramesInfo info);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_frames_close(ulong frames);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_frame_release(ref Frame frame);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_metadata_new(out ulong metadata);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_metadata_add(ulong metadata, byte[] key, byte[] value, UIntPtr len);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_metadata_count(ulong metadata, out UIntPtr count);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_metadata_key(ulong metadata, UIntPtr index, byte[] to, UIntPtr room, out UIntPtr needed);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_metadata_value(ulong metadata, UIntPtr index, byte[] to, UIntPtr room, out UIntPtr needed);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_metadata_close(ulong metadata);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_status_code(ulong status, out int code);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_status_message(ulong status, byte[] to, UIntPtr room, out UIntPtr needed);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_status_details(ulong status, byte[] to, UIntPtr room, out UIntPtr needed);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_status_reason(ulong status, byte[] to, UIntPtr room, out UIntPtr needed);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_status_domain(ulong status, byte[] to, UIntPtr room, out UIntPtr needed);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_status_violation_count(ulong status, out UIntPtr count);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_status_violation_field(ulong status, UIntPtr index, byte[] to, UIntPtr room, out UIntPtr needed);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_status_violation_description(ulong status, UIntPtr index, byte[] to, UIntPtr room, out UIntPtr needed);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_status_metadata(ulong status, out ulong metadata);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_status_close(ulong status);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_host_new(byte[] target, ref HostOptions options, out ulong host);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_host_method(ulong host, byte[] path, uint kind, IntPtr onEvent, IntPtr context);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_host_describe(ulong host, byte[] service, byte[] descriptors, UIntPtr len);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_host_start(ulong host);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_host_address(ulong host, byte[] to, UIntPtr room, out UIntPtr needed);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_host_health(ulong host, byte[] service, uint serving);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_host_poll(ulong host, ref Event found, out ulong call, out IntPtr context);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_host_close(ulong host);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_served_reply(ulong call, ulong metadata, byte[] message, UIntPtr len);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_served_finish(ulong call, int code, byte[] message, byte[] details, UIntPtr detailsLen, ulong metadata);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_served_send_metadata(ulong call, ulong metadata);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_served_send(ulong call, byte[] message, UIntPtr len);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_served_metadata(ulong call, out ulong metadata);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_served_remaining_ms(ulong call, out ulong remaining);
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)] internal static extern Result nearcall_served_close(ulong call);
#pragma warning restore IDE1006
    }
}
