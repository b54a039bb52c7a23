/** The runtime would send figures of its use to its makers; of what decides payments nothing leaves the machine unasked. It reads this when it is loaded. */
process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
