#!/usr/bin/env node
import { main } from '../dist/hub-admin.js';

await main(process.argv);
