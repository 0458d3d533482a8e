#!/usr/bin/env node
import { main } from '../dist/sim-device.js';

await main(process.argv);
