using System.Runtime.InteropServices;
using Palimpsest.Cli;
using Palimpsest.Core.Platform;

using var interruption = new CancellationTokenSource();

// The first signal asks; a second one finds the default action, and ends the process at once.
void Interrupt(PosixSignalContext signal)
{
    signal.Cancel = !interruption.IsCancellationRequested;
    interruption.Cancel();
}

using PosixSignalRegistration onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
using PosixSignalRegistration onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
return VmdkCommand.Run(
    args, Console.OpenStandardInput(), StandardStream.Output(), StandardStream.Error(), Terminal.OfProcess(),
    interruption.Token);
