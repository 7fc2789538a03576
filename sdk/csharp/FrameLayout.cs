// The layout of a frame channel's memory, read without libnearcall: docs/frames.md, in C#.
//
// For memory that is at rest, such as a region that was saved to a file. While its writer is at work a frame has to be held,
// or it is overwritten as it is read: Channel.Frames does that. What stands in the memory is the writer's word, and nothing of
// it is followed unchecked.
using System;

namespace Nearcall
{
    /// <summary>What a server grants to a reader, by another way than the memory.</summary>
    public struct FrameGrant
    {
        public ulong Epoch, Channel, Region;
        public uint Slots, History;
        public ulong PayloadBytes;
    }

    /// <summary>Why a region is not the one that was granted, or has no frame. Reason is a word of testdata/frames.</summary>
    public sealed class FrameLayoutException : Exception
    {
        public FrameLayoutException(string reason, string words) : base(words) { Reason = reason; }
        public string Reason { get; }
    }

    /// <summary>A frame of a region, copied.</summary>
    public sealed class RegionFrame
    {
        public ulong Seq;
        public uint Slot;
        public byte[] Payload;
        /// <summary>Nanoseconds since 1970; Captured is 0 when not said.</summary>
        public ulong Captured, Published;
        public uint? Crc;
        public byte[] User;
        public FrameMeta Meta;
    }

    /// <summary>A region of memory that is what was granted.</summary>
    public sealed class FrameRegion
    {
        private const ulong LayoutHash = 0xdd31b441b67dfe9b;
        private const ulong HeaderBytes = 256, SlotHeaderBytes = 256, DescriptorBytes = 64, PageBytes = 4096;
        private const int MetaBytes = 160, DamageMax = 8;
        private static readonly byte[] Magic = { 0x89, 0x4e, 0x46, 0x52, 0x41, 0x4d, 0x0d, 0x0a };

        private readonly byte[] bytes;
        private readonly FrameGrant granted;
        private readonly Places places;

        // Where things are, as it follows from the slots.
        private struct Places
        {
            internal ulong Stride, SlotHeadersAt, PayloadsAt, RegionBytes;

            // Null where there cannot be such slots. The limits keep this far from the end of 64 bits.
            internal static Places? Of(uint slots, uint history, ulong payloadBytes)
            {
                if (slots > 4096 || slots < (ulong)history + 2 || payloadBytes == 0 || payloadBytes > 1UL << 30) return null;
                var places = new Places { Stride = UpTo(payloadBytes), SlotHeadersAt = HeaderBytes + DescriptorBytes * slots };
                places.PayloadsAt = UpTo(places.SlotHeadersAt + SlotHeaderBytes * slots);
                places.RegionBytes = places.PayloadsAt + places.Stride * slots;
                return places.RegionBytes > 1UL << 34 ? (Places?)null : places;
            }

            private static ulong UpTo(ulong number) { return (number + PageBytes - 1) / PageBytes * PageBytes; }
        }

        private FrameRegion(byte[] bytes, FrameGrant granted, Places places)
        {
            this.bytes = bytes;
            this.granted = granted;
            this.places = places;
        }

        /// <summary>Holds a region against what was granted; throws <see cref="FrameLayoutException"/>.</summary>
        public static FrameRegion Open(byte[] bytes, FrameGrant granted)
        {
            var wanted = Places.Of(granted.Slots, granted.History, granted.PayloadBytes);
            if (wanted == null) throw new FrameLayoutException("geometry", "what was granted has slots that cannot be");
            Expect("length", "bytes of the region", wanted.Value.RegionBytes, (ulong)bytes.LongLength);
            for (var i = 0; i < Magic.Length; i++)
                if (bytes[i] != Magic[i])
                    throw new FrameLayoutException("magic", "expected a frame channel, which begins with " + BitConverter.ToString(Magic));
            Expect("version", "major version", 1, BitConverter.ToUInt16(bytes, 8));
            Expect("layout", "hash of the layout", LayoutHash, U64(bytes, 104));
            var says = new FrameGrant
            {
                Epoch = U64(bytes, 16), Channel = U64(bytes, 24), Region = U64(bytes, 32),
                Slots = U32(bytes, 40), History = U32(bytes, 44), PayloadBytes = U64(bytes, 56),
            };
            var derived = Places.Of(says.Slots, says.History, says.PayloadBytes);
            if (derived == null) throw new FrameLayoutException("geometry", "the header's slots cannot be");
            Expect("field", "header_bytes", HeaderBytes, U32(bytes, 12));
            Expect("field", "stride", derived.Value.Stride, U64(bytes, 48));
            Expect("field", "ring_at", HeaderBytes, U64(bytes, 64));
            Expect("field", "ring_length", says.Slots, U32(bytes, 72));
            Expect("field", "slot_headers_at", derived.Value.SlotHeadersAt, U64(bytes, 80));
            Expect("field", "payloads_at", derived.Value.PayloadsAt, U64(bytes, 88));
            Expect("field", "region_bytes", derived.Value.RegionBytes, U64(bytes, 96));
            Expect("identity", "epoch", granted.Epoch, says.Epoch);
            Expect("identity", "channel", granted.Channel, says.Channel);
            Expect("identity", "region", granted.Region, says.Region);
            Expect("geometry", "slots", granted.Slots, says.Slots);
            Expect("geometry", "history", granted.History, says.History);
            Expect("geometry", "payload_bytes", granted.PayloadBytes, says.PayloadBytes);
            return new FrameRegion(bytes, granted, wanted.Value);
        }

        /// <summary>The newest frame; throws <see cref="FrameLayoutException"/> where there is none to be had.</summary>
        public RegionFrame Latest()
        {
            var word = U64(bytes, 128);
            if (word == 0) throw new FrameLayoutException("nothing", "there is no frame yet");
            var seq = word >> 16;
            var slot = (uint)(word & 0xffff);
            if (slot >= granted.Slots || seq == 0)
                throw new FrameLayoutException("damaged", "expected a slot below " + granted.Slots + ", found " + slot);
            var at = (int)(places.SlotHeadersAt + SlotHeaderBytes * slot);
            if (U64(bytes, at) != seq << 1)
                throw new FrameLayoutException("overtaken", "the slot of the latest frame is being written");
            var length = (int)Math.Min(U64(bytes, at + 8), granted.PayloadBytes);
            var metaLength = Math.Min((int)BitConverter.ToUInt16(bytes, at + 46), MetaBytes);
            return new RegionFrame
            {
                Seq = seq,
                Slot = slot,
                Payload = Native.Part(bytes, (int)(places.PayloadsAt + places.Stride * slot), length),
                Captured = U64(bytes, at + 24),
                Published = U64(bytes, at + 32),
                Crc = (U32(bytes, at + 72) & 1) == 0 ? (uint?)null : U32(bytes, at + 40),
                User = Native.Part(bytes, at + 48, 24),
                Meta = MetaOf(BitConverter.ToUInt16(bytes, at + 44), Native.Part(bytes, at + 96, metaLength)),
            };
        }

        private static FrameMeta MetaOf(int kind, byte[] meta)
        {
            FrameMeta found = null;
            if (kind == 0) found = new OpaqueMeta { Bytes = meta };
            if (kind == 1) found = Video(meta);
            if (kind == 2 && meta.Length >= 24) found = Audio(meta);
            if (kind == 3 && meta.Length >= 24) found = State(meta);
            return found ?? new UnknownMeta { Kind = kind };
        }

        private static FrameMeta Video(byte[] meta)
        {
            if (meta.Length < 32) return null;
            var damaged = U32(meta, 16);
            if (damaged > DamageMax || meta.Length < 32 + 16 * damaged) return null;
            var damage = new Rectangle[damaged];
            for (var i = 0; i < damage.Length; i++)
            {
                var at = 32 + 16 * i;
                damage[i] = new Rectangle { X = U32(meta, at), Y = U32(meta, at + 4), Width = U32(meta, at + 8), Height = U32(meta, at + 12) };
            }
            return new VideoMeta
            {
                Width = U32(meta, 0), Height = U32(meta, 4), Stride = U32(meta, 8),
                FourCC = System.Text.Encoding.ASCII.GetString(meta, 12, 4), Damage = damage,
            };
        }

        private static FrameMeta Audio(byte[] meta)
        {
            var format = BitConverter.ToUInt16(meta, 6);
            if (format != 1 && format != 2) return null;
            return new AudioMeta
            {
                Rate = U32(meta, 0), Channels = BitConverter.ToUInt16(meta, 4), Format = (SampleFormat)format,
                Pts = U64(meta, 8), Moments = U32(meta, 16),
            };
        }

        private static FrameMeta State(byte[] meta)
        {
            var kind = U32(meta, 16);
            if (kind != 1 && kind != 2) return null;
            return new StateMeta { Schema = U64(meta, 0), Base = U64(meta, 8), IsDelta = kind == 2 };
        }

        private static void Expect(string reason, string what, ulong expected, ulong found)
        {
            if (found != expected)
                throw new FrameLayoutException(reason, "expected " + what + " to be " + expected + ", found " + found);
        }

        private static uint U32(byte[] bytes, int at) { return BitConverter.ToUInt32(bytes, at); }
        private static ulong U64(byte[] bytes, int at) { return BitConverter.ToUInt64(bytes, at); }
    }
}
