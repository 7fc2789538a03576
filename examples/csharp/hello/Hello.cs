// Dial, call, handle an error, a deadline, streams, metadata.
using System;
using System.Linq;
using Nearcall;

static class Hello
{
    static void Main(string[] args)
    {
        using (var channel = Channel.Connect(args[0]))
        {
            Call(channel);
            DetailsOfAnError(channel);
            Deadline(channel);
            Streams(channel);
            Labels(channel);
        }
        NobodyThere(args[0] + "-nobody");
        Library.Shutdown();
    }

    static void Call(Channel arith)
    {
        var answer = arith.Unary("/arith.v1.Arith/Multiply", Arith.Numbers(17, 8));
        Console.WriteLine("17 x 8 = {0}", Arith.Number(answer, 1));

        answer = arith.Unary("/arith.v1.Arith/Divide", Arith.Numbers(17, 8));
        Console.WriteLine("17 / 8 = {0}, remainder {1}", Arith.Number(answer, 1), Arith.Number(answer, 2));
    }

    // An error names the field that was wrong, for programs as well as people.
    static void DetailsOfAnError(Channel arith)
    {
        try { arith.Unary("/arith.v1.Arith/Divide", Arith.Numbers(1, 0)); }
        catch (RpcException error)
        {
            Console.WriteLine("1 / 0: {0}: {1}", error.Status.Code, error.Status.Message);
            foreach (var violation in error.Status.Violations)
                Console.WriteLine("  field {0}: {1}", violation.Field, violation.Description);
        }
    }

    // A deadline that passes before the fourth of ten numbers.
    static void Deadline(Channel arith)
    {
        var options = new CallOptions { Deadline = TimeSpan.FromMilliseconds(1250) };
        using (var numbers = arith.Open("/arith.v1.Arith/Count", options))
        {
            numbers.Send(Arith.Numbers(1, 10, 500));
            numbers.Finish();
            try
            {
                foreach (var answer in numbers.Messages()) Console.WriteLine("counted {0}", Arith.Number(answer, 1));
            }
            catch (RpcException error) { Console.WriteLine("stopped counting: {0}", error.Status.Code); }
        }
    }

    // A stream of answers, one in each direction, and one of requests.
    static void Streams(Channel arith)
    {
        using (var numbers = arith.Open("/arith.v1.Arith/Count"))
        {
            numbers.Send(Arith.Numbers(5, 4));
            numbers.Finish();
            Console.WriteLine("counted on: {0}", string.Join(" ", numbers.Messages().Select(answer => Arith.Number(answer, 1))));
        }

        using (var totals = arith.Open("/arith.v1.Arith/RunningTotal"))
        {
            for (var number = 1; number <= 3; number++) totals.Send(Arith.Numbers(number));
            totals.Finish();
            Console.WriteLine("totals: {0}", string.Join(" ", totals.Messages().Select(answer => Arith.Number(answer, 1))));
        }

        using (var sum = arith.Open("/arith.v1.Arith/Sum"))
        {
            for (var number = 1; number <= 100; number++) sum.Send(Arith.Numbers(number));
            sum.Finish();
            var answer = sum.Messages().Single();
            Console.WriteLine("sum: {0} of {1} numbers", Arith.Number(answer, 1), Arith.Number(answer, 2));
        }
    }

    // What goes along beside the messages, there and back.
    static void Labels(Channel arith)
    {
        Status status;
        var options = new CallOptions { Metadata = new Metadata().Add("arith-tag", "hello") };
        arith.Unary("/arith.v1.Arith/Multiply", Arith.Numbers(1, 1), options, out status);
        foreach (var name in new[] { "arith-version", "arith-tag" })
            Console.WriteLine("{0}: {1}", name, status.Metadata.Text(name));
    }

    // Where nobody listens a call fails at once.
    static void NobodyThere(string target)
    {
        using (var nobody = Channel.Lazy(target))
        {
            try { nobody.Unary("/arith.v1.Arith/Multiply", Arith.Numbers(17, 8)); }
            catch (RpcException error) { Console.WriteLine("nobody there: {0}", error.Status.Code); }
        }
    }
}
