// The messages of arith.v1, encoded by hand: a project would use Google.Protobuf or protobuf-net.
using System;
using System.Collections.Generic;

static class Arith
{
    // Fields that are whole numbers, numbered from 1.
    public static byte[] Numbers(params long[] fields)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < fields.Length; i++)
        {
            if (fields[i] == 0) continue;
            bytes.Add((byte)((i + 1) << 3));
            var rest = (ulong)fields[i];
            for (; rest >= 0x80; rest >>= 7) bytes.Add((byte)(rest | 0x80));
            bytes.Add((byte)rest);
        }
        return bytes.ToArray();
    }

    // The whole number in a field; 0 where it is not there.
    public static long Number(byte[] message, int field)
    {
        for (var at = 0; at < message.Length;)
        {
            var tag = message[at++];
            ulong number = 0;
            for (var shift = 0; at < message.Length; shift += 7)
            {
                var part = message[at++];
                number |= (ulong)(part & 0x7f) << shift;
                if (part < 0x80) break;
            }
            if (tag >> 3 == field) return (long)number;
        }
        return 0;
    }
}
