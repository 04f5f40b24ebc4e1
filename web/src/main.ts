import { mount } from 'svelte';
import './app.css';
import { town } from './model/town.svelte';
import App from './view/App.svelte';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no #app');
mount(App, { target });
town.start();
