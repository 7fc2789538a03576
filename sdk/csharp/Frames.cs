// Frames: pictures, sound and states of a world in memory that another process draws into, looked at in place.
using System;
using System.Runtime.InteropServices;

namespace Nearcall
{
    /// <summary>How frames come; or-ed together, the ways that they may.</summary>
    [Flags]
    public enum Tier
    {
        /// <summary>None; as a choice, all but files.</summary>
        None = 0,
        /// <summary>In shared memory that was passed over a Unix socket, with no call for a frame.</summary>
        Broker = 1,
        /// <summary>In shared memory that was opened through /proc, with a message for each frame.</summary>
        Proc = 2,
        /// <summary>As bytes over the connection.</summary>
        Inline = 4,
        /// <summary>Out of a file that the server writes for this reader alone: both sides have to ask for it.</summary>
        File = 8,
        /// <summary>On Windows: in shared memory whose handles the server put into this process, with no call for a frame.</summary>
        Handle = 16,
    }

    /// <summary>How it is with a channel's frames.</summary>
    public enum FramesState
    {
        Opening = 0,
        Live = 1,
        /// <summary>The server is gone, or makes frames of another size: the channel is being opened again.</summary>
        Gone = 2,
        Ended = 3,
    }

    /// <summary>What a writer does about a reader that held it up for as long as it may.</summary>
    public enum Then { DropNew = 0, Demote = 1, Evict = 2 }

    /// <summary>Which frames come.</summary>
    public struct FramePolicy
    {
        internal uint Kind, Depth, Hz, MaxWaitMs, AfterWait;

        /// <summary>The newest one.</summary>
        public static FramePolicy Latest { get { return default(FramePolicy); } }

        /// <summary>Every one in turn, at most <paramref name="depth"/> behind the newest.</summary>
        public static FramePolicy DropOldest(int depth) { return new FramePolicy { Kind = 1, Depth = (uint)depth }; }

        /// <summary>Every one in turn: the writer waits for this reader.</summary>
        public static FramePolicy Block(TimeSpan maxWait, Then then)
        {
            return new FramePolicy { Kind = 2, MaxWaitMs = (uint)maxWait.TotalMilliseconds, AfterWait = (uint)then };
        }

        /// <summary>The newest one, at most so many times in a second.</summary>
        public static FramePolicy Sample(int hz) { return new FramePolicy { Kind = 3, Hz = (uint)hz }; }
    }

    /// <summary>How a channel of frames is opened.</summary>
    public sealed class FrameOptions
    {
        public FramePolicy Policy;
        /// <summary>Frames that may be held at once, 1 to 16. 0: 2.</summary>
        public int Pins;
        /// <summary>The ways that frames may come.</summary>
        public Tier Tiers;
        /// <summary>Channels whose frames have fewer bytes than this come as bytes. 0: 65,536.</summary>
        public long InlineBelow;
    }

    /// <summary>How it is with a channel's frames, as of the last look.</summary>
    public struct FramesInfo
    {
        public FramesState State;
        public Tier Tier;
        /// <summary>Frames that are held.</summary>
        public int Held;
        public ulong Epoch;
        /// <summary>The number of the last frame that came.</summary>
        public ulong Seq;
        public ulong Taken;
        /// <summary>Frames that were lost, where each comes in turn, and how often some were.</summary>
        public ulong Lost, Gaps;
        /// <summary>How often frames went on from another start of the server.</summary>
        public ulong Restarts;
    }

    /// <summary>A part of a picture, in pixels.</summary>
    public struct Rectangle { public uint X, Y, Width, Height; }

    /// <summary>What the bytes of a frame are: one of the classes below.</summary>
    public abstract class FrameMeta { internal FrameMeta() { } }

    /// <summary>What only the channel's user understands.</summary>
    public sealed class OpaqueMeta : FrameMeta { public byte[] Bytes; }

    /// <summary>A picture: Height rows of Stride bytes each, top first. It is the writer's word.</summary>
    public sealed class VideoMeta : FrameMeta
    {
        public uint Width, Height, Stride;
        /// <summary>A code of drm_fourcc.h, such as "AB24" for bytes R, G, B, A.</summary>
        public string FourCC;
        /// <summary>What changed since the frame before; empty where everything may have.</summary>
        public Rectangle[] Damage;
    }

    /// <summary>How one sample of sound is written.</summary>
    public enum SampleFormat { I16 = 1, F32 = 2 }

    /// <summary>Samples, those of one moment side by side.</summary>
    public sealed class AudioMeta : FrameMeta
    {
        public uint Rate, Channels, Moments;
        public SampleFormat Format;
        /// <summary>The first moment, counted in moments since the stream began.</summary>
        public ulong Pts;
    }

    /// <summary>A snapshot of a world, or what changed in it since the frame Base.</summary>
    public sealed class StateMeta : FrameMeta
    {
        public ulong Schema, Base;
        public bool IsDelta;
    }

    /// <summary>Of a kind that this version does not know, or not as its kind has to be.</summary>
    public sealed class UnknownMeta : FrameMeta { public int Kind; }

    /// <summary>
    /// A frame that is held: its writer leaves it alone until it is disposed of. It may go to another thread, and may outlive
    /// the FrameChannel that it is of. One that nobody disposes of is let go of by the finalizer, and late: the writer has only
    /// so many.
    /// </summary>
    public sealed class Frame : NearcallHandle
    {
        private readonly IntPtr data;

        internal Frame(ref Native.Frame raw) : base(raw.Lease)
        {
            data = raw.Data;
            Length = (long)raw.Len;
            Seq = raw.Seq;
            Epoch = raw.Epoch;
            CapturedNs = raw.CapturedNs;
            PublishedNs = raw.PublishedNs;
            Lost = raw.Lost;
            Tier = (Tier)raw.Tier;
            Crc = raw.HasCrc == 0 ? (uint?)null : raw.Crc;
            var bytes = raw.ToBytes();
            User = Native.Part(bytes, Native.Frame.UserAt, 24);
            Meta = ToMeta((Native.MetaKind)raw.MetaKind, bytes);
        }

        // The union of the C struct, as its kind says.
        private static FrameMeta ToMeta(Native.MetaKind kind, byte[] frame)
        {
            const int at = Native.Frame.MetaAt;
            Func<int, uint> number = offset => BitConverter.ToUInt32(frame, at + offset);
            Func<int, ulong> word = offset => BitConverter.ToUInt64(frame, at + offset);
            switch (kind)
            {
                case Native.MetaKind.Opaque:
                    return new OpaqueMeta { Bytes = Native.Part(frame, at + 4, (int)Math.Min(number(0), 160)) };
                case Native.MetaKind.Video:
                    var damage = new Rectangle[Math.Min(number(16), 8)];
                    for (var i = 0; i < damage.Length; i++)
                        damage[i] = new Rectangle
                        {
                            X = number(20 + 16 * i), Y = number(24 + 16 * i),
                            Width = number(28 + 16 * i), Height = number(32 + 16 * i),
                        };
                    return new VideoMeta
                    {
                        Width = number(0), Height = number(4), Stride = number(8),
                        FourCC = System.Text.Encoding.ASCII.GetString(frame, at + 12, 4), Damage = damage,
                    };
                case Native.MetaKind.Audio:
                    return new AudioMeta
                    {
                        Rate = number(0), Channels = number(4), Format = (SampleFormat)number(8), Moments = number(12),
                        Pts = word(16),
                    };
                case Native.MetaKind.State:
                    return new StateMeta { Schema = word(0), Base = word(8), IsDelta = number(16) == 2 };
                default:
                    return new UnknownMeta { Kind = (int)number(0) };
            }
        }

        public long Length { get; }
        /// <summary>The frame's number, from 1, within the epoch.</summary>
        public ulong Seq { get; }
        /// <summary>Another each time the server starts.</summary>
        public ulong Epoch { get; }
        /// <summary>When what it shows was so, in nanoseconds since 1970; 0 when not said.</summary>
        public ulong CapturedNs { get; }
        public ulong PublishedNs { get; }
        /// <summary>Frames that were lost right before it, where each comes in turn.</summary>
        public ulong Lost { get; }
        public Tier Tier { get; }
        /// <summary>CRC-32 of the bytes, where the writer gave one.</summary>
        public uint? Crc { get; }
        /// <summary>24 bytes of the user's own.</summary>
        public byte[] User { get; }
        public FrameMeta Meta { get; }

        /// <summary>
        /// The bytes in place, for Texture2D.LoadRawTextureData and the like; never to be written to, nor to be looked at once
        /// the frame is disposed of. Keep the frame in use beyond the last look: GC.KeepAlive, or a using block.
        /// </summary>
        public IntPtr Data
        {
            get
            {
                Open();
                return data;
            }
        }

        /// <summary>Copies bytes out; bounds are looked at.</summary>
        public void CopyTo(long from, byte[] to, int at, int count)
        {
            if (to == null) throw new ArgumentNullException("to");
            if (from < 0 || count < 0 || from > Length - count) throw new ArgumentOutOfRangeException("from");
            if (at < 0 || at > to.Length - count) throw new ArgumentOutOfRangeException("at");
            var held = false;
            try
            {
                // Another thread that disposes of it has to wait.
                DangerousAddRef(ref held);
                if (count > 0) Marshal.Copy(new IntPtr(data.ToInt64() + from), to, at, count);
            }
            finally { if (held) DangerousRelease(); }
        }

        public byte[] ToArray()
        {
            var bytes = new byte[Length];
            CopyTo(0, bytes, 0, bytes.Length);
            return bytes;
        }

        /// <summary>One byte; bounds are looked at.</summary>
        public byte this[long at]
        {
            get
            {
                if (at < 0 || at >= Length) throw new ArgumentOutOfRangeException("at");
                var one = new byte[1];
                CopyTo(at, one, 0, 1);
                return one[0];
            }
        }

        private void Open()
        {
            if (IsClosed) throw new ObjectDisposedException("Frame");
        }

        internal override bool Release(ulong id)
        {
            var raw = Native.Frame.New();
            raw.Lease = id;
            return Native.nearcall_frame_release(ref raw) == Result.Ok;
        }
    }

    /// <summary>Frames of one channel, as they come. Opened by <see cref="Channel.Frames"/>. From any thread.</summary>
    public sealed class FrameChannel : NearcallHandle
    {
        internal FrameChannel(ulong id) : base(id) { }

        /// <summary>
        /// Looks whether there is another frame by the channel's policy; null if not. Never waits: made for Update(). Throws
        /// with Result.Held where as many are held as may be, and with what ended the frames: NotFound, Argument, Limit,
        /// Connect, Evicted, Broken, Status, once, then Ended.
        /// </summary>
        public Frame Poll()
        {
            var raw = Native.Frame.New();
            NearcallException.Check(Native.nearcall_frames_poll(Id, ref raw));
            return raw.Lease == 0 ? null : new Frame(ref raw);
        }

        /// <summary>Waits until a frame comes. Result.Connect says that the server is gone: wait again, and they go on.</summary>
        public Frame Wait(TimeSpan? limit = null)
        {
            var raw = Native.Frame.New();
            NearcallException.Check(
                Native.nearcall_frames_wait(Id, limit == null ? Native.Forever : Native.Time(limit), ref raw));
            return new Frame(ref raw);
        }

        public FramesInfo Info
        {
            get
            {
                var raw = new Native.FramesInfo { Size = (uint)Marshal.SizeOf(typeof(Native.FramesInfo)) };
                NearcallException.Check(Native.nearcall_frames_get_info(Id, ref raw));
                return new FramesInfo
                {
                    State = (FramesState)raw.State, Tier = (Tier)raw.Tier, Held = (int)raw.Held, Epoch = raw.Epoch,
                    Seq = raw.Seq, Taken = raw.Taken, Lost = raw.Lost, Gaps = raw.Gaps, Restarts = raw.Restarts,
                };
            }
        }

        internal override bool Release(ulong id) { return Native.nearcall_frames_close(id) == Result.Ok; }
    }
}
